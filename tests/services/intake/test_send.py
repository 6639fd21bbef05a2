"""`infoparquet send`: a file goes through the real intake, over HTTP, and running again makes nothing twice."""

import json
from pathlib import Path

import pytest

from cli.send_lines import CHUNK_LINES
from tests.services.intake.builders import a_line, a_procedure
from tests.services.intake.conftest import DREAL, Intake
from tests.services.intake.sending import run, written


async def test_a_file_is_sent_and_sent_again_without_effect(intake: Intake, run_file: Path) -> None:
    count = CHUNK_LINES + 20
    lines = (json.dumps(a_procedure(reference=f"R-{number}"), ensure_ascii=False) for number in range(count))
    file = written(run_file, "procedures.ndjson", *lines)
    first, again = [await run(file, "--data", run_file, "--json") for _ in range(2)]
    assert (first.exit_code, again.exit_code) == (0, 0), first.stderr
    results = [json.loads(line) for line in first.stdout.splitlines()]
    assert [result["line"] for result in results] == list(range(1, count + 1))
    assert [json.loads(line)["id"] for line in again.stdout.splitlines()] == [result["id"] for result in results]
    assert await intake.count("procedures") == count


async def test_keys_in_the_file_are_kept(intake: Intake, run_file: Path) -> None:
    file = written(run_file, "procedures.ndjson", a_line("mine"))
    assert (await run(file, "--data", run_file)).exit_code == 0
    assert [row.key for row in await intake.rows("SELECT key FROM idempotency_keys")] == ["mine"]


async def test_the_same_procedure_twice_in_a_file_is_one(intake: Intake, run_file: Path) -> None:
    turned = dict(reversed(a_procedure().items()))
    file = written(run_file, "procedures.ndjson", json.dumps(a_procedure()), json.dumps(turned))
    assert (await run(file, "--data", run_file)).exit_code == 0
    assert await intake.count("procedures") == 1


async def test_refused_lines_are_named_and_the_others_sent(intake: Intake, run_file: Path) -> None:
    bad = json.dumps(a_procedure(places=[{"ground": "facts", "commune": "Bordaux"}]))
    file = written(run_file, "procedures.ndjson", "", json.dumps(a_procedure()), bad, "{not json", '{"a": 1, "a": 2}')
    result = await run(file, "--data", run_file)
    assert result.exit_code == 1
    assert "Ligne 3 /places/0/commune : Aucune commune" in result.stderr
    assert "33063" in result.stderr
    assert "Ligne 4 : " in result.stderr
    assert "Ligne 5 : Un même nom" in result.stderr
    assert "Procédures déposées : 1 ; lignes refusées : 3." in result.stdout
    assert await intake.count("procedures") == 1


async def test_a_french_spreadsheet_is_read(intake: Intake, run_file: Path) -> None:
    file = run_file / "procédures.csv"
    header = "reference;kind;communes;natinf;nataff;facts_from;facts_to;summary;place_text;author_email"
    row = 'R-1;report;33063 64102;7;I51;01/03/2021;31/05/2021;"Rejet d’effluents ; rivière";quai;a@b.example'
    file.write_bytes(f"{header}\r\n{row}\r\n;;;;;;;;;\r\nR-2;report;;;I51;;;;en mer;\r\n".encode("cp1252"))
    result = await run(file, "--data", run_file, "--json")
    assert result.exit_code == 0, result.stdout + result.stderr
    assert [json.loads(line)["line"] for line in result.stdout.splitlines()] == [2, 4]
    contents = [row.content for row in await intake.rows("SELECT content::text FROM dossiers ORDER BY procedure_id")]
    first, second = map(json.loads, contents)
    assert first == {
        "reference": "R-1",
        "kind": "report",
        "facts": {"from": "2021-03-01", "to": "2021-05-31", "summary": "Rejet d’effluents ; rivière"},
        "places": [
            {"ground": "facts", "commune": "33063", "text": "quai"},
            {"ground": "facts", "commune": "64102"},
        ],
        "natinf": ["7"],
        "nataff": ["I51"],
        "author": {"email": "a@b.example"},
    }
    assert second["places"] == [{"ground": "facts", "text": "en mer"}]


@pytest.mark.parametrize(("header", "said"), [("reference,kind,colour", "colour"), ("reference,summary", "kind")])
async def test_a_wrong_header_is_wrong_use(run_file: Path, header: str, said: str) -> None:
    result = await run(written(run_file, "p.csv", header, "a,b,c"), "--data", run_file)
    assert result.exit_code == 2
    assert said in result.stderr


async def test_url_and_token_stand_for_the_run_file(intake: Intake, run_file: Path) -> None:
    url = json.loads((run_file / "run.json").read_text())["services"]["intake"]["url"]
    file = written(run_file, "procedures.ndjson", a_line("k1"))
    result = await run(file, "--url", url, "--token", intake.issuer.token("administration:urssaf-75"))
    assert result.exit_code == 0
    assert [row.administration for row in await intake.rows("SELECT administration FROM procedures")] == ["urssaf-75"]
    assert (await run(file, "--url", url)).exit_code == 2


async def test_what_cannot_be_used_is_said(run_file: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = written(run_file, "procedures.ndjson", a_line("k1"))
    nowhere = await run(file, "--data", tmp_path_factory.mktemp("empty"))
    assert nowhere.exit_code == 1
    assert "infoparquet up" in nowhere.stderr
    unknown = await run(file, "--data", run_file, "--as", "administration:nobody")
    assert unknown.exit_code == 2
    assert DREAL in unknown.stderr
    assert (await run(run_file / "none.ndjson", "--data", run_file)).exit_code == 2


async def test_a_token_that_is_refused_is_a_failure_that_says_so(intake: Intake, run_file: Path) -> None:
    file = written(run_file, "procedures.ndjson", a_line("k1"))
    result = await run(file, "--data", run_file, "--token", intake.issuer.token("tribunal:tj33063"))
    assert result.exit_code == 1
    assert "Votre organisation" in result.stderr
