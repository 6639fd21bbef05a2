"""The mail catcher: what is sent to anybody stays on this machine and can be read, and can do nothing there."""

import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.smtp import Envelope
from aiosmtplib import SMTP, SMTPException
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.http_process import HttpProcess
from deploy.local.mail_page import list_page, mail_page
from deploy.local.mailbox import LARGEST_MAIL, Mailbox
from deploy.local.ports import free_ports
from tests.processes import ROOT

EVIL = "<script>parent.alert(1)</script>"


@dataclass
class Catcher:
    """The process, from outside."""

    smtp_port: int
    http: httpx.AsyncClient

    async def send(self, subject: str = "Objet", html: str | None = None, **headers: str) -> None:
        """A mail as notify sends one."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "infoParquet <no@x.example>", "alix@dreal.example", subject
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content("Le texte, élidé.")
        if html is not None:
            mail.add_alternative(html, subtype="html")
        async with SMTP(hostname="127.0.0.1", port=self.smtp_port) as client:
            await client.send_message(mail)

    async def mails(self, **query: Any) -> Any:
        """The JSON."""
        return (await self.http.get("/mails.json", params=query)).json()


@pytest.fixture
async def catcher(tmp_path: Path) -> AsyncIterator[Catcher]:
    smtp_port, port = free_ports(2)
    command = [sys.executable, "-m", "deploy.local.mail", "--smtp-port", str(smtp_port), "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    process = HttpProcess("mail", command, url=url, log=tmp_path / "log", environment={"PYTHONPATH": str(ROOT)})
    async with process, httpx.AsyncClient(base_url=url, trust_env=False) as http:
        yield Catcher(smtp_port, http)


async def test_a_mail_that_is_sent_can_be_read_by_people_and_programs(catcher: Catcher) -> None:
    await catcher.send(
        "Procédure 2026-00000042-26 : décision", "<p>Bonjour</p>", X_infoParquet_Number="2026-00000042-26"
    )
    listed = await catcher.mails()
    (mail,) = listed["mails"]
    assert listed["count"] == mail["id"] == 1
    assert mail["subject"] == "Procédure 2026-00000042-26 : décision"
    assert (mail["to"], mail["number"], mail["fact"]) == (["alix@dreal.example"], "2026-00000042-26", None)
    assert "Procédure 2026-00000042-26 : décision" in (await catcher.http.get("/")).text
    page = (await catcher.http.get("/mails/1")).text
    assert "Le texte, élidé." in page
    assert "X-infoParquet-Number: 2026-00000042-26" in page
    assert '<iframe sandbox title="Le courriel" src="/mails/1/html">' in page
    assert (await catcher.http.get("/mails/1/html")).text.strip() == "<p>Bonjour</p>"
    assert "Message-ID" not in (await catcher.http.get("/mails/1/raw")).headers


async def test_the_newest_is_first_for_people_and_last_for_programs_that_ask_what_is_new(catcher: Catcher) -> None:
    for number in range(3):
        await catcher.send(f"Courriel {number}")
    page = (await catcher.http.get("/")).text
    assert page.index("Courriel 2") < page.index("Courriel 1") < page.index("Courriel 0")
    assert [mail["subject"] for mail in (await catcher.mails(since=1))["mails"]] == ["Courriel 1", "Courriel 2"]
    assert (await catcher.mails(since=3))["mails"] == []
    assert (await catcher.http.get("/mails.json", params={"since": "x"})).status_code == 400


async def test_a_mail_can_do_nothing_in_the_page(catcher: Catcher) -> None:
    await catcher.send(EVIL, EVIL)
    for path in ("/", "/mails/1"):
        answer = await catcher.http.get(path)
        assert "<script" not in answer.text
        assert "script-src" not in answer.headers["content-security-policy"]
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    shown = await catcher.http.get("/mails/1/html")
    assert "sandbox" in shown.headers["content-security-policy"].split("; ")
    assert shown.headers["x-content-type-options"] == "nosniff"
    raw = await catcher.http.get("/mails/1/raw")
    assert raw.headers["content-type"].startswith("text/plain")


async def test_pages_of_other_names_are_not_answered(catcher: Catcher) -> None:
    assert (await catcher.http.get("/", headers={"Host": "evil.example"})).status_code == 400


@pytest.mark.parametrize("path", ["/mails/1", "/mails/1/html", "/mails/99999999999999999999", "/mails/x"])
async def test_what_is_not_there_is_a_404(catcher: Catcher, path: str) -> None:
    assert (await catcher.http.get(path)).status_code == 404


async def test_only_the_last_are_kept_and_all_are_counted() -> None:
    mailbox = Mailbox(kept=2)
    for number in range(5):
        await deliver(mailbox, b"Subject: %d\r\n\r\nx\r\n" % number)
    assert [mail.subject for mail in mailbox.newest_first()] == ["4", "3"]
    assert (mailbox.count, mailbox.get(3), [mail.id for mail in mailbox.after(0)]) == (5, None, [4, 5])


@given(st.binary(max_size=2000))
async def test_any_bytes_are_a_mail_that_can_be_shown(content: bytes) -> None:
    mailbox = Mailbox()
    await deliver(mailbox, content)
    (mail,) = mailbox.newest_first()
    assert mail.as_json()["id"] == 1
    assert mail_page(mail)
    assert list_page([mail], 1)


async def test_a_mail_that_is_too_large_is_refused(catcher: Catcher) -> None:
    await catcher.send()
    async with SMTP(hostname="127.0.0.1", port=catcher.smtp_port) as client:
        with pytest.raises(SMTPException):
            await client.sendmail("a@b.fr", ["c@d.fr"], b"Subject: x\r\n\r\n" + b"x" * 70 + b"\r\n" * LARGEST_MAIL)
    assert (await catcher.mails())["count"] == 1


async def deliver(mailbox: Mailbox, content: bytes) -> None:
    envelope = Envelope()
    envelope.original_content, envelope.mail_from, envelope.rcpt_tos = content, "a@b.fr", ["c@d.fr"]
    await mailbox.handle_DATA(None, None, envelope)  # type: ignore[arg-type]
