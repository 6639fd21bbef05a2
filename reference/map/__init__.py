"""The map of the courts' territories, one offline page: the same bytes for the same data. `make docs` writes it."""
