"""A real SMTP server on 127.0.0.1 that can be told to be out of order, at each stage of the conversation."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTPUTF8
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HANG, DROP = "hang", "drop"


@dataclass
class Received:
    """A message as it came; `to` is what the envelope says."""

    sender: str
    to: list[str]
    message: EmailMessage


@dataclass
class Server:
    """What it got; `faults` are its answers by stage (`EHLO`, `MAIL`, `RCPT`, `DATA`), taken one a conversation.

    An answer is a line of SMTP, `hang`, `drop`, or, for `DATA`, `taken, then drop`: it has the mail and says nothing.
    """

    port: int = 0
    received: list[Received] = field(default_factory=list)
    faults: dict[str, list[str]] = field(default_factory=dict)
    recipients: dict[str, str] = field(default_factory=dict)
    conversations: int = 0
    most_at_once: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    @property
    def message_ids(self) -> list[str]:
        """One a message, in the order they came."""
        return [one.message["Message-ID"] for one in self.received]

    async def answer(self, stage: str, server: SMTP) -> str | None:
        """What it says instead of going on."""
        faults = self.faults.get(stage, [])
        fault = faults.pop(0) if faults else None
        if fault == HANG:
            await asyncio.Event().wait()
        if fault is not None and fault.endswith(DROP):
            _reset(server)
        return fault


class _Handler:
    """By the names that aiosmtpd calls."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def handle_EHLO(self, smtp: SMTP, session: Session, _: Envelope, hostname: str, responses: Any) -> Any:  # noqa: N802
        self._server.conversations += 1
        session.host_name = hostname
        fault = await self._server.answer("EHLO", smtp)
        return [fault] if fault else responses

    async def handle_HELO(self, smtp: SMTP, session: Session, _: Envelope, hostname: str) -> str:  # noqa: N802
        """What a client says that was refused its EHLO."""
        session.host_name = hostname
        return await self._server.answer("EHLO", smtp) or "250 mx.example"

    async def handle_MAIL(self, smtp: SMTP, _: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return await self._server.answer("MAIL", smtp) or "250 OK"

    async def handle_RCPT(self, smtp: SMTP, _: Session, envelope: Envelope, address: str, __: list[str]) -> str:  # noqa: N802
        fault = await self._server.answer("RCPT", smtp) or self._server.recipients.get(address)
        if fault:
            return fault
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, smtp: SMTP, _: Session, envelope: Envelope) -> str:  # noqa: N802
        await self._server.gate.wait()
        waiting = self._server.faults.get("DATA") or [""]
        if waiting[0] in ("", f"taken, then {DROP}", f"taken, then {HANG}"):
            content = envelope.original_content or b""
            message: Any = message_from_bytes(content, policy=SMTPUTF8)
            self._server.received.append(Received(envelope.mail_from or "", list(envelope.rcpt_tos), message))
        if waiting[0] == f"taken, then {HANG}":
            self._server.faults["DATA"].pop(0)
            await asyncio.Event().wait()
        return await self._server.answer("DATA", smtp) or "250 OK"


@asynccontextmanager
async def smtp_server() -> AsyncIterator[Server]:
    """It listens while the block lasts."""
    server = Server()
    talking: set[SMTP] = set()

    def conversation() -> SMTP:
        one = SMTP(_Handler(server), enable_SMTPUTF8=True, hostname="mx.example", loop=loop)
        lost = one.connection_lost

        def forget(error: Exception | None) -> None:
            talking.discard(one)
            lost(error)

        one.connection_lost = forget  # type: ignore[method-assign]
        talking.add(one)
        server.most_at_once = max(server.most_at_once, len(talking))
        return one

    loop = asyncio.get_running_loop()
    listening = await loop.create_server(conversation, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for one in list(talking):
            _reset(one)


def _reset(one: SMTP) -> None:
    """End its conversation as a network that fails; aiosmtpd does not say that its transport is of TCP."""
    transport: Any = one.transport
    if transport is not None:
        transport.abort()


@asynccontextmanager
async def self_signed(folder: Path) -> AsyncIterator[int]:
    """The port of a server behind TLS whose certificate nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    pem = folder / "server.pem"
    certificate = builder.sign(key, hashes.SHA256())
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(pem)
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(_Handler(Server()), loop=loop), "127.0.0.1", 0, ssl=tls)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
