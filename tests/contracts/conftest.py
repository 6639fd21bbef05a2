from hypothesis import settings

# No deadline: two cores are shared with a broker and a database while the whole suite runs.
settings.register_profile("contracts", deadline=None)
settings.load_profile("contracts")
