"""The measures of `infoparquet bench documents`."""
