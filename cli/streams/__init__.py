"""The measures of `infoparquet bench streams`."""
