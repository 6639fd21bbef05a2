"""A reply from options: what fits is made, what does not is told by the option's name with what would."""

from collections.abc import Mapping, Sequence

import pytest
from infoparquet_contracts.registry import REPLIES

from chassis.clock import new_id
from cli.reply_options import MODELS, Answered, WrongOption, reply_of
from tests.builders import NOON

WHOLE: Mapping[str, Mapping[str, str | Sequence[str]]] = {
    "acknowledged": {},
    "registered": {"parquet_number": "26000123"},
    "supplement-requested": {"missing": ["signature", "hearing"]},
    "declined": {"reason": "other-territory", "competent": ["tj75056"]},
    "assigned": {"section": "ECO2"},
    "decided": {"orientation": "dismissal", "ground": "minor-harm"},
    "closed": {},
}


def test_every_reply_of_the_contracts_can_be_made() -> None:
    assert set(MODELS) == {model.fact for model in REPLIES} == set(WHOLE)
    answered = Answered(new_id(), new_id(), NOON)
    for fact, options in WHOLE.items():
        reply = reply_of(fact, {"ground": None, "missing": [], **options}, answered)
        assert (reply.fact, reply.procedure, reply.delivery, reply.at) == (
            fact,
            answered.procedure,
            answered.delivery,
            NOON,
        )


@pytest.mark.parametrize(
    ("fact", "options", "said"),
    [
        ("lost", {}, ["« lost »", "acknowledged", "supplement-requested"]),
        ("registered", {}, ["--parquet-number est obligatoire pour registered", "26000123"]),
        ("registered", {"parquet_number": "M. Exemple"}, ["--parquet-number", "chiffres"]),
        ("acknowledged", {"section": "A1"}, ["--section ne va pas avec acknowledged", "pas d’option"]),
        ("assigned", {"reason": "other"}, ["--reason ne va pas avec assigned", "--section"]),
        ("assigned", {"section": "Camille Exemple"}, ["--section", "ECO2"]),
        ("supplement-requested", {}, ["--missing est obligatoire", "signature (Signature de l’agent)"]),
        ("supplement-requested", {"missing": ["signature", "x"]}, ["--missing", "hearing (Audition"]),
        ("declined", {"reason": "busy"}, ["--reason", "other-territory (Incompétence territoriale)"]),
        ("declined", {"reason": "other", "competent": ["Paris"]}, ["--competent", "tj33063"]),
        ("decided", {"orientation": "dismissal"}, ["--ground va avec --orientation dismissal", "minor-harm"]),
        ("decided", {"orientation": "prosecution", "ground": "death"}, ["--ground va avec --orientation dismissal"]),
        ("decided", {"ground": "death"}, ["--orientation est obligatoire", "prosecution (Poursuites)"]),
    ],
)
def test_what_does_not_fit_is_named_by_its_option(
    fact: str, options: Mapping[str, str | Sequence[str]], said: Sequence[str]
) -> None:
    with pytest.raises(WrongOption) as refused:
        reply_of(fact, options, Answered(new_id(), new_id(), NOON))
    for words in said:
        assert words in str(refused.value)
    assert "Exemple" not in str(refused.value)
