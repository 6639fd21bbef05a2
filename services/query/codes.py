"""The codes by which a procedure is found, as they are kept beside it: a letter for what it is, then the code. Pure.

Labels are never kept: `words` leads from them to these codes, so that new reference data hold at once.
"""

from collections.abc import Iterable

from infoparquet_contracts.facts import Submitted


def codes_of(submitted: Submitted) -> list[str]:
    """Each once, in order."""
    return sorted(
        {
            kind(submitted.kind),
            administration(submitted.administration),
            *map(administration, submitted.administration.split("-")),
            *(commune(place.commune) for place in submitted.places if place.commune is not None),
            *(natinf(code) for code in submitted.natinf),
            *(level for code in submitted.nataff for level in _levels(code)),
        }
    )


def kind(code: str) -> str:
    return f"k{code}"


def commune(code: str) -> str:
    return f"c{code}"


def natinf(code: str) -> str:
    return f"n{code}"


def nataff(code: str) -> str:
    """Of a family too: `I51` is kept as `fI51`, `fI5` and `fI`."""
    return f"f{code}"


def tribunal(code: str) -> str:
    """Of the court in force, which is not among the codes kept but joined to them in the index."""
    return f"t{code}"


def administration(code: str) -> str:
    """Of `dreal-33` are kept the whole code, and each of its words as if it were one."""
    return f"a{code}"


def _levels(code: str) -> Iterable[str]:
    return (nataff(code[:length]) for length in range(1, len(code) + 1))
