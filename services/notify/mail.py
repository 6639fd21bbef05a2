"""The mail itself: text and HTML of one letter, with headers that are the same at every try.

`Message-ID` is the delivery's and `Date` its creation's, so that a server or a client that gets a second copy knows it;
`References` and `In-Reply-To` name the procedure's root, which makes one thread of all its mails.
"""

import textwrap
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address, HeaderRegistry, MessageIDHeader
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.notify.letter import Letter, Subject

TEXT_WIDTH = 76

_HEADERS = HeaderRegistry()
for _name in ("references", "in-reply-to"):
    # As any text, one longer than a line would be encoded, and no client would know its thread by it.
    _HEADERS.map_to_type(_name, MessageIDHeader)  # type: ignore[arg-type]  # typeshed knows only its base
POLICY = SMTP.clone(header_factory=_HEADERS)


@dataclass(frozen=True, slots=True)
class Envelope:
    """To whom one delivery goes, about what, since when."""

    delivery: UUID
    recipient: Address
    created_at: datetime
    fact: str
    about: Subject


class Stationery:
    """The templates, and who mails are from."""

    def __init__(self, sender: Address) -> None:
        self.sender = sender
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).with_name("templates")),
            # The text is for mail clients that show it as it is.
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._templates.filters["wrapped"] = wrapped

    def compose(self, letter: Letter, envelope: Envelope) -> EmailMessage:
        """The whole message."""
        recipient, about = envelope.recipient, envelope.about
        message = EmailMessage(policy=POLICY.clone(utf8=not recipient.username.isascii()))
        root = message_id(about.procedure, self.sender)
        message["From"] = self.sender
        message["To"] = recipient
        message["Subject"] = letter.subject
        message["Date"] = envelope.created_at
        message["Message-ID"] = message_id(envelope.delivery, self.sender)
        message["In-Reply-To"] = root
        message["References"] = root
        message["Auto-Submitted"] = "auto-generated"
        # For the rules by which an administration sorts its mail.
        message["X-infoParquet-Procedure"] = str(about.procedure)
        message["X-infoParquet-Number"] = about.number or ""
        message["X-infoParquet-Fact"] = envelope.fact
        shown = {"letter": letter, "name": recipient.display_name}
        message.set_content(self._templates.get_template("mail.txt").render(shown), cte="quoted-printable")
        html = self._templates.get_template("mail.html").render(shown)
        message.add_alternative(html, subtype="html", cte="quoted-printable")
        # Last: what begins with `Content-` goes to the first part when a second is added.
        message["Content-Language"] = "fr"
        message.set_boundary(f"=_{envelope.delivery.hex}")
        return message


def message_id(one: UUID, sender: Address) -> str:
    """For ever the same of the same delivery, or of the same procedure for its root."""
    return f"<{one.hex}@{sender.domain}>"


def wrapped(text: str, indent: str = "") -> str:
    """For the text part: lines that every client shows whole; a number or an address is never cut."""
    return textwrap.fill(
        text, TEXT_WIDTH, initial_indent=indent, subsequent_indent=" " * len(indent), break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
