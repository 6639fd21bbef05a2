"""Whatever is said of a procedure, the answer is an acceptance or a problem that says where; no internal error."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from infoparquet_contracts.codes import WithdrawalReason

from tests.services.intake.builders import a_procedure
from tests.services.intake.conftest import Intake
from tests.services.intake.test_submission import JSON

_TEXTS = st.text(max_size=30) | st.sampled_from(["", " ", "précision", "\x00"])
_NEARLY = st.fixed_dictionaries(
    {},
    optional={
        "text": JSON | _TEXTS,
        "documents": JSON | st.lists(_TEXTS, max_size=2),
        "reason": JSON | st.sampled_from([reason.value for reason in WithdrawalReason]),
        "comment": JSON | _TEXTS,
    },
)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(value=JSON | _NEARLY, number=st.integers(0, 2))
@pytest.mark.parametrize("what", ["supplements", "withdrawal"])
async def test_any_json_is_taken_or_refused(intake: Intake, what: str, value: Any, number: int) -> None:
    one = (await intake.post(a_procedure(), key="k1")).json()["id"]
    before = len(await intake.said())
    headers = {"Idempotency-Key": f"a{number}", "Content-Type": "application/json"}
    path, content = f"/v1/procedures/{one}/{what}", json.dumps(value)
    answer, again = [await intake.client.post(path, content=content, headers=headers) for _ in range(2)]
    assert answer.status_code in (202, 400, 409, 422)
    assert (again.status_code, again.json()) == (answer.status_code, answer.json())
    if answer.status_code in (400, 422):
        assert all(error["pointer"] == "" or error["pointer"].startswith("/") for error in answer.json()["errors"])
    said = len(await intake.said()) - before
    assert said == 0 if answer.status_code != 202 else said <= 1
