"""The AsyncAPI 3 document: what the running code subscribes to, with what the contracts declare of it."""
