"""What a procedure lacks for a rule to decide, by the place in its body: pure, in French for operators."""

from collections.abc import Iterator

from infoparquet_contracts.codes import UnroutableReason
from infoparquet_contracts.facts import Submitted

from chassis.problems import FieldError
from reference.law import Law

_OTHER_COURT = {
    UnroutableReason.DECLINED_TWICE: "Un tribunal compétent autre que ceux qui ont décliné.",
    UnroutableReason.DECLINED_WITHOUT_OTHER: "Un tribunal compétent autre que celui qui a décliné.",
}


def lacking(submitted: Submitted, reason: UnroutableReason, law: Law) -> list[FieldError]:
    """Empty where nothing of the body would help."""
    if reason in _OTHER_COURT:
        return [FieldError("/tribunal", _OTHER_COURT[reason])]
    return list(_of_places(submitted, law))


def _of_places(submitted: Submitted, law: Law) -> Iterator[FieldError]:
    grounds = {rule.ground for rule in law.rules.territorial}
    for at, place in enumerate(submitted.places):
        pointer = f"/places/{at}"
        if place.commune is None:
            yield FieldError(f"{pointer}/commune", "La commune de ce lieu.")
        elif place.commune in law.territory.divided and place.aerodrome is None:
            yield FieldError(f"{pointer}/aerodrome", "Si ce lieu se trouve dans l’emprise de l’aérodrome.")
        elif law.territory.attachment(place.commune) is None:
            yield FieldError(
                f"{pointer}/commune", "Le tribunal de cette commune, que les données de référence n’ont pas."
            )
        elif place.ground not in grounds:
            yield FieldError(f"{pointer}/ground", "Une règle en vigueur pour ce rattachement.")
