"""The local stack: broker, database, issuer and services on 127.0.0.1, as children of one process."""
