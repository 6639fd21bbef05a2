"""New versions of the reference data from the files that the Ministry and INSEE publish, read as they are.

What a file says is compared with what is held before anything is written. What is wrong with a file is said in French,
to the person who imports it.
"""
