"""The contracts of infoParquet: its events, their envelope, its topics and what the facts add up to."""
