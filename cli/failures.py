"""Failures that several commands word alike, in French."""

from reference import BrokenReference


def broken_reference(error: BrokenReference) -> str:
    """The sentence about reference data that cannot be used."""
    where = f"{error.file}, ligne {error.line}" if error.line else error.file
    column = f", colonne {error.column}" if error.column else ""
    return (
        f"Données de référence inutilisables ({where}{column}) : {error.problem}. Vérifiez INFOPARQUET_REFERENCE_URL."
    )
