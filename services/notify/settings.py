"""Notify's configuration."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email.headerregistry import Address
from typing import Annotated, TypeVar
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from chassis.settings import LARGEST_PORT, HttpUrl, Settings
from services.notify.addresses import parse

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mails are handed over. `tls` from the first byte; with credentials TLS is required in any case."""

    host: str
    port: int
    tls: bool
    username: str | None = None
    password: SecretStr | None = None


def smtp_server(url: str) -> SmtpServer:
    """`smtp://` or `smtps://[user:password@]host[:port]`. Raises ValueError, which never repeats the URL."""
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path.strip("/"):
        raise ValueError("L’adresse attendue est smtp://hôte:port ou smtps://hôte:port.")
    tls = parts.scheme == "smtps"
    port = parts.port or (465 if tls else 25)
    if (parts.username is None) != (parts.password is None):
        raise ValueError("Un compte a un mot de passe : smtps://compte:mot-de-passe@hôte:port.")
    if parts.username is None or parts.password is None:
        return SmtpServer(parts.hostname, port, tls)
    return SmtpServer(parts.hostname, port, tls, unquote(parts.username), SecretStr(unquote(parts.password)))


def sender(written: str) -> Address:
    """`Name <address>` or an address alone. Raises ValueError."""
    name, opened, rest = written.rpartition("<")
    address = parse(rest.removesuffix(">") if opened else written, name.strip())
    if (
        address is None
        or bool(opened) != written.endswith(">")
        or not written.isprintable()
        or not address.domain.isascii()
    ):
        raise ValueError("La forme attendue est « Nom <adresse@domaine> ».")
    return address


def _readable(read: Callable[[str], T]) -> Callable[[str], str]:
    def check(value: str) -> str:
        read(value)
        return value

    return check


def _secretly(value: SecretStr) -> SecretStr:
    try:
        smtp_server(value.get_secret_value())
    except ValueError as error:
        # Python's own words about a port would repeat what was given.
        raise ValueError(str(error) if "attendue" in str(error) else f"Un port va de 1 à {LARGEST_PORT}.") from None
    return value


class NotifySettings(Settings):
    """`public_url` is where people reach the follow-up page; without it, mails have no link."""

    intake_url: HttpUrl = Field(examples=["http://intake:8101"])
    public_url: HttpUrl | None = Field(default=None, examples=["https://infoparquet.example"])
    client_id: str = Field(examples=["notify"], min_length=1)
    client_secret: SecretStr = Field(examples=["secret"])
    smtp_url: Annotated[SecretStr, AfterValidator(_secretly)] = Field(examples=["smtp://mail:25"])
    mail_from: Annotated[str, StringConstraints(max_length=300), AfterValidator(_readable(sender))] = Field(
        default="infoParquet <ne-pas-repondre@infoparquet.example>",
        examples=["infoParquet <ne-pas-repondre@infoparquet.example>"],
    )
    # With the delays of `tries`, some forty hours on average.
    mail_tries: int = Field(default=24, ge=1, le=1000, examples=["24"])
    # For each answer of the SMTP server; a whole mail takes twice as long at most.
    smtp_timeout: timedelta = Field(
        default=timedelta(seconds=60), gt=timedelta(0), le=timedelta(minutes=10), examples=["PT60S"]
    )

    @property
    def smtp(self) -> SmtpServer:
        """The server, taken apart."""
        return smtp_server(self.smtp_url.get_secret_value())

    @property
    def sender(self) -> Address:
        """Who mails are from."""
        return sender(self.mail_from)
