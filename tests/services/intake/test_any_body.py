"""Whatever a body holds, the answer is an acceptance or a problem that says where; never an internal error."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.services.intake.builders import a_procedure
from tests.services.intake.conftest import Intake
from tests.services.intake.test_submission import JSON

# Most of these are nearly right, so that they come further than the model.
_TEXTS = st.text(max_size=30) | st.sampled_from(["", " ", "33063", "facts", "7", "I51", "article-40", "2021-03-01"])
_NEARLY = st.fixed_dictionaries(
    {},
    optional={name: JSON | _TEXTS | st.just(value) for name, value in a_procedure().items()}
    | {
        "places": st.lists(st.fixed_dictionaries({"ground": st.just("facts"), "text": _TEXTS, "commune": _TEXTS})),
        "natinf": st.lists(_TEXTS, max_size=3),
        "comment": _TEXTS,
        "documents": st.lists(_TEXTS, max_size=2),
        "urgency": JSON,
    },
).map(lambda changes: a_procedure() | changes)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(value=JSON | _NEARLY, number=st.integers(0, 3))
async def test_any_json_is_accepted_or_refused_with_pointers(intake: Intake, value: Any, number: int) -> None:
    headers = {"Idempotency-Key": f"k{number}", "Content-Type": "application/json"}
    answer = await intake.client.post("/v1/procedures", content=json.dumps(value), headers=headers)
    assert answer.status_code in (202, 400, 413, 422)
    if answer.status_code != 202:
        errors = answer.json()["errors"]
        assert errors
        assert all(error["pointer"] == "" or error["pointer"].startswith("/") for error in errors)
    (line,) = await intake.send(
        [json.dumps(value | {"idempotency_key": f"k{number}"} if isinstance(value, dict) else value)]
    )
    assert line["status"] == answer.status_code
