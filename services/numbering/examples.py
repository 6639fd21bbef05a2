"""An example of numbering's answer: the published sample of the fact, asked for by its number."""

from typing import Final

from infoparquet_contracts.facts import Numbered

from chassis.golden import golden

_FACT: Final = golden(Numbered, "local-authority")

NUMBER: Final = {
    "number": _FACT.data.number,
    "procedure": _FACT.subject,
    "authority": _FACT.data.authority,
    "allocated_at": _FACT.time,
}
