"""How each commune's court is known, and how sure that is: gaps are counted, never guessed over."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, Literal

from reference.communes import Communes
from reference.law import Law
from reference.territory import Territory

# `sure`: the Ministry's list, or a department with one court; `dated`: the code's table of 2015, overseas;
# `inferred`: from the commune it belongs to or came from; `doubtful`: sources disagree; `asked`: an aerodrome cuts it.
Certainty = Literal["sure", "dated", "inferred", "doubtful", "asked", "none"]

_CERTAINTY: Final[Mapping[str, Certainty]] = {
    "departement_mono_tj": "sure",
    "collectivite_mono_tpi": "sure",
    "coj_tableau_iv_2015": "dated",
    "coj_tableau_iv_2015+pop2019": "dated",
    "herite_parent": "inferred",
    "herite_commune_anterieure": "inferred",
}


def certainty(commune: str, territory: Territory) -> Certainty:
    """Of the court of one commune."""
    attachment = territory.attachment(commune)
    if attachment is None:
        return "none"
    if commune in territory.divided:
        return "asked"
    if commune in territory.doubtful:
        return "doubtful"
    # An import of the Ministry's file says its year: `minjustice_2026`, `minjustice_2026_commune_disparue`.
    if attachment.origin.startswith("minjustice"):
        return "sure"
    return _CERTAINTY.get(attachment.origin, "inferred")


def coverage(law: Law, communes: Communes) -> dict[str, Any]:
    """The JSON of `infoparquet competence --coverage`: every known code once, by source, by certainty and by kind."""
    territory = law.territory
    known = communes.by_code
    by_certainty = Counter(certainty(code, territory) for code in known)
    attached = {code: found for code in known if (found := territory.attachment(code)) is not None}
    return {
        "rule_set": law.version,
        "communes": len(known),
        "decided": len(attached) - by_certainty["asked"],
        "undecided": [{"commune": code, "name": known[code].name} for code in sorted(known.keys() - attached)],
        "asked": sorted(territory.divided),
        "doubtful": sorted(territory.doubtful),
        "by_source": dict(Counter(found.origin for found in attached.values()).most_common()),
        "by_certainty": dict(by_certainty.most_common()),
        "by_kind": dict(Counter(commune.kind for commune in known.values()).most_common()),
        "courts": len({found.court.code for found in attached.values()}),
    }
