"""Kafka takes nothing for so long that the outbox is full: a 503 that says why, and what was accepted stays so."""

import pytest

from chassis.room import ROW_BYTES
from chassis.service import Service
from tests.services.intake.builders import a_line, a_procedure
from tests.services.intake.conftest import Intake, Settings, running
from tests.services.issuer import Issuer

LIMIT = 64 * 1024


async def filled(intake: Intake) -> list[str]:
    """The keys that were accepted before the first refusal."""
    for place in range(2 * LIMIT // ROW_BYTES):
        if (await intake.post(a_procedure(), key=f"k{place}")).status_code != 202:
            return [f"k{before}" for before in range(place)]
    message = "nothing was refused"
    raise AssertionError(message)


async def test_what_is_new_waits_and_what_was_accepted_is_answered(
    service: Service, told: Settings, issuer: Issuer, intake: Intake
) -> None:
    async with running(service, told(outbox_limit="64KiB"), issuer) as full:
        accepted = await filled(full)
        await full.running.room.count(full.running.engine)
        refused = await full.post(a_procedure(), key="new")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
        assert refused.json()["type"].endswith("/outbox-full")
        assert "pleine (64 Kio)" in refused.json()["detail"]
        assert "attend depuis le " in refused.json()["detail"]

        first = await full.post(a_procedure(), key=accepted[0])
        assert first.status_code == 202
        procedure = first.json()["id"]
        assert (await full.go_on(procedure, "withdrawal", {"reason": "duplicate"}, key="w")).status_code == 503
        lines = await full.client.post(
            "/v1/procedures:batch", content=a_line("new"), headers={"Content-Type": "application/x-ndjson"}
        )
        assert (lines.status_code, lines.headers["retry-after"]) == (503, "30")
        assert "renvoyez le même fichier" in lines.json()["detail"]
        assert [one["status"] for one in await full.send([a_line(key) for key in accepted])] == [202] * len(accepted)

        assert (await full.get(f"/v1/dossiers/{procedure}", "administration:dreal-33")).status_code == 200
        assert "outbox" not in await full.running.readiness.faults()
        counted = full.running.metrics.registry.get_sample_value
        assert counted("infoparquet_outbox_refusals_total") == 4
        assert counted("infoparquet_outbox_bytes") == pytest.approx(LIMIT, rel=0.2)
        assert await full.count("procedures") == len(accepted)

        async with full.running.engine.begin() as connection:
            await connection.exec_driver_sql("DELETE FROM outbox")
        await full.running.room.count(full.running.engine)
        assert (await full.post(a_procedure(), key="new")).status_code == 202
