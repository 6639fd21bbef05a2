"""`infoparquet send` sends the files that lines name: they arrive as they are, once, or cost their own line alone."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.enclosed import LARGEST_FILE, Draft, Found, upload_key
from cli.failures import Unsent
from cli.send_lines import CHUNK_FILE_BYTES, CHUNK_FILES, Item, chunks
from cli.session import Connection
from cli.uploading import Uploads
from tests.services.intake.builders import a_procedure
from tests.services.intake.conftest import DREAL, Intake
from tests.services.intake.documents import PDF, deposited, repr_digest
from tests.services.intake.sending import announced, run, written


def a_line_with(*files: Any, **changes: Any) -> str:
    return json.dumps(a_procedure(files=list(files), **changes), ensure_ascii=False)


def files_in(folder: Path, **contents: bytes) -> None:
    for name, content in contents.items():
        (folder / f"{name}.pdf").write_bytes(content)


async def attached(intake: Intake) -> list[Any]:
    """Every document there is, by its procedure's reference and its place."""
    return await intake.rows(
        "SELECT d.id, d.name, d.sha256, d.position, d.procedure_id, p.reference FROM documents d"
        " LEFT JOIN procedures p ON p.id = d.procedure_id ORDER BY p.reference, d.position"
    )


async def content_of(intake: Intake, document: Any) -> bytes:
    return (await intake.get(f"/v1/documents/{document}", DREAL)).content


def results(stdout: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stdout.splitlines()]


async def test_files_arrive_byte_for_byte_and_in_order(intake: Intake, run_file: Path) -> None:
    contents = {"constat.pdf": PDF, "photos/n° 1, avant.jpg": os.urandom(3_000_000), "vide.txt": b""}
    (run_file / "photos").mkdir()
    for name, content in contents.items():
        (run_file / name).write_bytes(content)
    before = await deposited(intake)
    file = written(run_file, "p.ndjson", a_line_with(*contents, documents=[before]))
    result = await run(file, "--data", run_file, "--json")
    assert result.exit_code == 0, result.output
    assert [one["status"] for one in results(result.stdout)] == [202]
    assert "3,00/3,00 Mo" in result.stderr
    first, *sent = await attached(intake)
    assert str(first.id) == before
    assert [one.name for one in sent] == ["constat.pdf", "n° 1, avant.jpg", "vide.txt"]
    assert [await content_of(intake, one.id) for one in sent] == list(contents.values())
    ((content,),) = await intake.rows("SELECT content::text FROM dossiers")
    assert json.loads(content)["documents"] == [before, *(str(one.id) for one in sent)]


async def test_running_again_makes_nothing_twice(intake: Intake, run_file: Path) -> None:
    files_in(run_file, a=b"one", b=b"two")
    same = a_line_with("a.pdf", "b.pdf", "a.pdf")
    file = written(
        run_file,
        "p.ndjson",
        same,
        same,
        a_line_with("a.pdf", reference="R-2"),
        a_line_with("a.pdf", reference="R-3", idempotency_key="mine"),
    )
    first = await run(file, "--data", run_file, "--json")
    documents = await attached(intake)
    again = await run(file, "--data", run_file, "--json")
    assert (first.exit_code, again.exit_code) == (0, 0), first.output
    ids = [one["id"] for one in results(first.stdout)]
    assert [one["id"] for one in results(again.stdout)] == ids
    assert len(set(ids)) == await intake.count("procedures") == 3
    assert await attached(intake) == documents
    assert [one.reference for one in documents] == ["DREAL33-2026-00042"] * 3 + ["R-2", "R-3"]


async def test_a_line_that_is_corrected_takes_the_files_that_were_sent(intake: Intake, run_file: Path) -> None:
    files_in(run_file, a=b"one")
    nowhere = [{"ground": "facts", "commune": "Bordaux"}]
    wrong = written(run_file, "p.ndjson", a_line_with("a.pdf", idempotency_key="mine", places=nowhere))
    assert (await run(wrong, "--data", run_file)).exit_code == 1
    ((sent,),) = await intake.rows("SELECT id FROM documents WHERE procedure_id IS NULL")
    right = written(run_file, "p.ndjson", a_line_with("a.pdf", idempotency_key="mine"))
    assert (await run(right, "--data", run_file)).exit_code == 0
    assert [(one.id, one.reference) for one in await attached(intake)] == [(sent, "DREAL33-2026-00042")]


async def test_another_content_under_a_drawn_key_is_another_procedure(intake: Intake, run_file: Path) -> None:
    file = written(run_file, "p.ndjson", a_line_with("a.pdf"))
    for content in (b"one", b"two"):
        files_in(run_file, a=content)
        assert (await run(file, "--data", run_file)).exit_code == 0
    assert await intake.count("procedures") == 2
    assert len({one.procedure_id for one in await attached(intake)}) == 2


async def test_a_spreadsheet_names_files(intake: Intake, run_file: Path) -> None:
    for name in ("le constat.pdf", "b.pdf"):
        (run_file / name).write_bytes(PDF)
    file = written(
        run_file,
        "p.csv",
        "reference;kind;communes;nataff;files",
        'R-1;report;33063;I51;"le constat.pdf; b.pdf"',
        "R-2;report;33063;I51;",
    )
    result = await run(file, "--data", run_file, "--json")
    assert result.exit_code == 0, result.output
    assert [(one.reference, one.name) for one in await attached(intake)] == [
        ("R-1", "le constat.pdf"),
        ("R-1", "b.pdf"),
    ]


async def test_files_that_cannot_be_sent_cost_their_own_line(intake: Intake, run_file: Path) -> None:
    files_in(run_file, a=b"one")
    with (run_file / "large.pdf").open("wb") as large:
        large.truncate(LARGEST_FILE + 1)
    (run_file / "folder").mkdir()
    (run_file / "out.pdf").symlink_to("/etc/hostname")
    (run_file / "loop.pdf").symlink_to("loop.pdf")
    os.mkfifo(run_file / "pipe")
    faulty = {
        "none.pdf": "n’existe pas",
        "a.pdf/b.pdf": "n’existe pas",
        "nul\0.pdf": "n’existe pas",
        "\ud800.pdf": "n’existe pas",
        "folder": "c’est un dossier",
        "": "c’est un dossier",
        "pipe": "pas un fichier ordinaire",
        "loop.pdf": "illisible",
        "large.pdf": "dépasse 1 Gio",
        "/etc/hostname": "sans « .. »",
        "folder/../a.pdf": "sans « .. »",
        "out.pdf": "hors du dossier",
    }
    lines = [json.dumps(a_procedure(files=["a.pdf", name])) for name in faulty]
    file = written(run_file, "p.ndjson", *lines, a_line_with("a.pdf", reference="R-2"))
    result = await run(file, "--data", run_file, "--json")
    assert result.exit_code == 1
    *refused, last = results(result.stdout)
    for one, (name, said) in zip(refused, faulty.items(), strict=True):
        assert one["status"] == 400
        ((pointer, detail),) = [(error["pointer"], error["detail"]) for error in one["errors"]]
        assert pointer == "/files/1"
        assert detail.startswith(f"« {name} » : ".replace("\0", "\ufffd").replace("\ud800", "\ufffd"))
        assert said in detail
    assert last["status"] == 202
    assert [one.reference for one in await attached(intake)] == ["R-2"]


async def test_the_line_and_the_file_are_named_to_people(run_file: Path) -> None:
    file = written(run_file, "p.ndjson", "", a_line_with("none.pdf", "neither.pdf"))
    result = await run(file, "--data", run_file)
    assert result.exit_code == 1
    assert "Ligne 2 /files/0 : « none.pdf » : ce fichier n’existe pas." in result.stderr
    assert "Ligne 2 /files/1 : « neither.pdf » : ce fichier n’existe pas." in result.stderr


async def test_a_file_that_is_not_what_its_name_says_is_told_to_people(intake: Intake, run_file: Path) -> None:
    files_in(run_file, a=b"\x7fELF\x02\x01\x01" + bytes(57))
    result = await run(written(run_file, "p.ndjson", a_line_with("a.pdf")), "--data", run_file)
    assert result.exit_code == 0
    assert "Ligne 1 /documents/0 (remarque) : Le contenu est du type application/x-executable" in result.stderr


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"files": "a.pdf"}, "/files"),
        ({"files": [1]}, "/files"),
        ({"files": ["a.pdf"] * 201}, "/files"),
        ({"files": ["a.pdf"], "documents": "x"}, "/documents"),
        ({"files": ["a.pdf"], "comment": "\ud800"}, ""),
        ({"files": ["a.pdf"], "comment": 2**60}, ""),
        ({"files": ["a.pdf"], "comment": "\ud800", "idempotency_key": "k"}, ""),
    ],
)
async def test_a_line_that_makes_no_sense_sends_no_file(
    intake: Intake, run_file: Path, changes: dict[str, Any], pointer: str
) -> None:
    files_in(run_file, a=b"one")
    file = written(run_file, "p.ndjson", json.dumps(a_procedure(**changes)))
    result = await run(file, "--data", run_file, "--json")
    assert result.exit_code == 1
    assert [[error["pointer"] for error in one["errors"]] for one in results(result.stdout)] == [[pointer]]
    assert await intake.count("documents") == 0


async def test_what_intake_refuses_of_a_file_is_told_with_its_line(intake: Intake, run_file: Path) -> None:
    files_in(run_file, a=b"one")
    key = upload_key({"idempotency_key": "k1"}, 0, "a.pdf", hashlib.sha256(b"one").hexdigest())
    taken = {"Tus-Resumable": "1.0.0", "Upload-Length": "5", "Idempotency-Key": key}
    assert (await intake.client.post("/v1/uploads", headers=taken)).status_code == 201
    lines = [a_line_with("a.pdf", idempotency_key=key) for key in ("k1", "k2")]
    result = await run(written(run_file, "p.ndjson", *lines), "--data", run_file, "--json")
    assert result.exit_code == 1
    refused, sent = results(result.stdout)
    assert (refused["status"], sent["status"]) == (422, 202)
    assert refused["errors"][0]["detail"].startswith("« a.pdf » : Cette clé d’idempotence")


async def test_a_token_that_is_refused_ends_the_run(intake: Intake, run_file: Path) -> None:
    files_in(run_file, a=b"one")
    file = written(run_file, "p.ndjson", a_line_with("a.pdf"))
    result = await run(file, "--data", run_file, "--token", intake.issuer.token("tribunal:tj33063"))
    assert result.exit_code == 1
    assert "Votre organisation" in result.stderr
    assert "0 lignes traitées" in result.stderr


class Renewed(Connection):
    """One whose token has ended, and is renewed when it is read again."""

    def bearer(self) -> dict[str, str]:
        header = super().bearer()
        assert self.run_file is not None
        run = json.loads(self.run_file.read_text())
        run["tokens"][DREAL] = run["renewed"]
        self.run_file.write_text(json.dumps(run))
        return header


async def test_a_token_that_ended_is_read_again(intake: Intake, run_file: Path) -> None:
    run = json.loads((run_file / "run.json").read_text())
    tokens = {"tokens": {DREAL: "ended"}, "renewed": run["tokens"][DREAL]}
    (run_file / "run.json").write_text(json.dumps(run | tokens))
    files_in(run_file, a=b"one")
    async with httpx.AsyncClient(base_url=run["services"]["intake"]["url"]) as client:
        uploads = Uploads(client, Renewed(DREAL, run_file / "run.json"))
        document = await uploads.upload(announced(run_file / "a.pdf"), lambda _: None)
    assert await content_of(intake, document) == b"one"


async def test_who_does_not_answer_is_given_up_in_the_end(run_file: Path) -> None:
    files_in(run_file, a=b"one")
    async with httpx.AsyncClient(base_url="http://127.0.0.1:9") as client:
        uploads = Uploads(client, Connection(DREAL, token="any"), patience=0.6)  # noqa: S106 - no secret
        with pytest.raises(Unsent, match="ne répond pas"):
            await uploads.upload(announced(run_file / "a.pdf"), lambda _: None)


async def test_what_was_left_of_another_content_is_sent_anew(intake: Intake, run_file: Path) -> None:
    files_in(run_file, a=b"one")
    one = announced(run_file / "a.pdf")
    begun = await intake.client.post("/v1/uploads", headers={"Tus-Resumable": "1.0.0", **one.headers()})
    told = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    await intake.client.patch(begun.headers["location"], headers=told, content=b"x")
    async with httpx.AsyncClient(
        base_url=json.loads((run_file / "run.json").read_text())["services"]["intake"]["url"]
    ) as client:
        document = await Uploads(client, Connection(DREAL, run_file / "run.json")).upload(one, lambda _: None)
    assert await content_of(intake, document) == b"one"


def test_a_file_is_announced_the_same_on_every_machine(tmp_path: Path) -> None:
    files_in(tmp_path, a=PDF)
    assert announced(tmp_path / "a.pdf").headers() == {
        "Idempotency-Key": "key",
        "Upload-Length": str(len(PDF)),
        "Upload-Metadata": "filename YS5wZGY=",
        "Repr-Digest": repr_digest(PDF),
    }


@pytest.mark.parametrize("size", [CHUNK_FILE_BYTES // 3, CHUNK_FILE_BYTES + 1, 0])
def test_lines_wait_for_few_files_of_others(size: int) -> None:
    found = Found("a.pdf", Path("a.pdf"), size)
    lines = [Item(number, b"{}", Draft({}, (found,) * 3)) for number in range(1, 500)]
    cut = list(chunks(lines))
    assert [item for chunk in cut for item in chunk] == lines
    for chunk in cut:
        files = [file for item in chunk if item.draft for file in item.draft.files]
        assert len(chunk) == 1 or (len(files) <= CHUNK_FILES and sum(file.size for file in files) <= CHUNK_FILE_BYTES)
    assert len(cut) == (2 if size == 0 else 499)
