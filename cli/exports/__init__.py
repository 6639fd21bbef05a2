"""The measures of `infoparquet bench exports`."""
