"""`infoparquet bench search`: how fast procedures are found among a million."""
