"""The page of the contracts, docs/contracts.html: one file that opens without a network."""
