"""Run as a program of its own on a tree's contracts: writes what they say now, as one JSON document."""

import json
import sys

from infoparquet_contracts.catalogue import CONTRACTS
from infoparquet_contracts.schemas import schema_of


def main() -> None:
    """One document for each type and version."""
    said = [
        {
            "type": contract.model.event_type,
            "version": contract.version,
            "stream": contract.stream,
            "fact": contract.model.fact,
            "readers": contract.topic.read_by,
            "schema": schema_of(contract.model),
        }
        for contract in CONTRACTS
    ]
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
