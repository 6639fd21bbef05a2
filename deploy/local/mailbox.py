"""The mails that were caught, the last of them, each read once."""

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTPUTF8
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

KEPT = 1000
LARGEST_MAIL = 256 * 1024


@dataclass(frozen=True)
class Caught:
    """One mail; `id` counts from 1 in the order they came."""

    id: int
    received_at: datetime
    sender: str
    to: tuple[str, ...]
    raw: bytes
    message: EmailMessage

    def header(self, name: str) -> str:
        """As text, empty where there is none, or none that can be read."""
        try:
            return str(self.message.get(name, ""))
        except (ValueError, LookupError, AttributeError, IndexError):
            # The library reads a header when it is asked for, and some that nobody should send break it.
            return ""

    @property
    def subject(self) -> str:
        return self.header("Subject")

    @property
    def text(self) -> str | None:
        return self._body("plain")

    @property
    def html(self) -> str | None:
        return self._body("html")

    @property
    def headers(self) -> str:
        """As they came."""
        return self.raw.partition(b"\r\n\r\n")[0].decode(errors="replace")

    def as_json(self) -> dict[str, Any]:
        """What programs look for; `procedure`, `number` and `fact` are null in mails that are not ours."""
        return {
            "id": self.id,
            "received_at": self.received_at.isoformat().replace("+00:00", "Z"),
            "message_id": self.header("Message-ID"),
            "references": self.header("References"),
            "subject": self.subject,
            "from": self.sender,
            "to": list(self.to),
            "procedure": self.header("X-infoParquet-Procedure") or None,
            "number": self.header("X-infoParquet-Number") or None,
            "fact": self.header("X-infoParquet-Fact") or None,
        }

    def _body(self, kind: str) -> str | None:
        try:
            part = self.message.get_body((kind,))
            return None if part is None else str(part.get_content())
        except (ValueError, LookupError, AttributeError, IndexError):
            return None


async def listen(mailbox: "Mailbox", host: str, port: int) -> asyncio.Server:
    """Takes mails by SMTP until it is closed."""
    loop = asyncio.get_running_loop()

    def conversation() -> SMTP:
        return SMTP(mailbox, data_size_limit=LARGEST_MAIL, enable_SMTPUTF8=True, hostname="localhost", loop=loop)

    return await loop.create_server(conversation, host, port)


class Mailbox:
    """Takes whatever comes, for anybody; `count` is how many have come, those forgotten included."""

    def __init__(self, kept: int = KEPT) -> None:
        self._mails: deque[Caught] = deque(maxlen=kept)
        self.count = 0

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """One mail; what it answers is SMTP's."""
        raw = envelope.original_content or b""
        message = message_from_bytes(raw, EmailMessage, policy=SMTPUTF8)
        self.count += 1
        now, to = datetime.now(UTC), tuple(envelope.rcpt_tos)
        self._mails.append(Caught(self.count, now, envelope.mail_from or "", to, raw, message))
        return "250 2.0.0 caught"

    def newest_first(self) -> Iterator[Caught]:
        """Those that are kept."""
        return reversed(self._mails)

    def after(self, since: int) -> Iterator[Caught]:
        """Those that are kept and came after that one, oldest first."""
        return (mail for mail in self._mails if mail.id > since)

    def get(self, one: int) -> Caught | None:
        """A mail that is kept."""
        return next((mail for mail in self._mails if mail.id == one), None)
