"""Hands a mail over to the SMTP server, and tells what its answers mean.

Whatever is wrong before the recipient is named is the connection's or our account's fault, not the mail's: it may work
another time, also after a 5xx. Once the content was begun and no answer came, nobody knows: it is sent again with the
same `Message-ID`.
"""

import asyncio
import contextlib
import ssl
from datetime import timedelta
from email.message import EmailMessage

from aiosmtplib import SMTP, SMTPException, SMTPResponseException
from infoparquet_contracts.codes import NotificationFailure

from chassis.tls import trusted
from services.notify.settings import SmtpServer
from services.notify.tries import Later, Outcome, Refused, Sent

CONNECT_SECONDS = 10.0
QUIT_SECONDS = 2.0
PERMANENT = 500


class Mailer:
    """One connection a mail; `timeout` is for each answer, twice as much for the whole."""

    def __init__(self, server: SmtpServer, domain: str, timeout: timedelta) -> None:
        self._server = server
        self._domain = domain
        self._timeout = timeout.total_seconds()
        self._tls = trusted()

    async def send(self, sender: str, recipient: str, message: EmailMessage) -> Outcome:
        """One try; never raises for what the server does."""
        talk = _Talk(self._client())
        try:
            async with asyncio.timeout(2 * self._timeout):
                return await talk.hold(sender, recipient, message, min(CONNECT_SECONDS, self._timeout))
        except TimeoutError:
            return Later(talk.if_silent or NotificationFailure.TIMED_OUT)
        except (SMTPException, OSError) as error:
            refused = isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError)
            unreachable = NotificationFailure.CERTIFICATE_REFUSED if refused else NotificationFailure.UNREACHABLE
            return Later(talk.if_silent or unreachable)
        finally:
            await talk.end()

    def _client(self) -> SMTP:
        server = self._server
        return SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.tls,
            tls_context=self._tls,
            # Credentials never travel in the clear; else TLS where the server offers it.
            start_tls=True if server.username and not server.tls else None,
            username=server.username,
            password=server.password.get_secret_value() if server.password else None,
            local_hostname=self._domain,
            timeout=self._timeout,
        )


class _Talk:
    """One conversation; `if_silent` is what it means when the other side says nothing more."""

    def __init__(self, client: SMTP) -> None:
        self._client = client
        self.if_silent: NotificationFailure | None = None

    async def hold(self, sender: str, recipient: str, message: EmailMessage, connect_seconds: float) -> Outcome:
        client = self._client
        try:
            await client.connect(timeout=connect_seconds)
            wide = [] if recipient.isascii() else ["SMTPUTF8", "BODY=8BITMIME"]
            if wide and not client.supports_extension("smtputf8"):
                return Refused(NotificationFailure.ADDRESS_REFUSED)
            await client.mail(sender, options=wide, encoding="utf-8" if wide else "ascii")
        except SMTPResponseException:
            return Later(NotificationFailure.UNREACHABLE)
        try:
            await client.rcpt(recipient, encoding="utf-8" if wide else "ascii")
        except SMTPResponseException as answer:
            return _meaning(answer, NotificationFailure.ADDRESS_REFUSED)
        self.if_silent = NotificationFailure.OUTCOME_UNKNOWN
        try:
            await client.data(message.as_bytes())
        except SMTPResponseException as answer:
            return _meaning(answer, NotificationFailure.MESSAGE_REFUSED)
        return Sent()

    async def end(self) -> None:
        """Politely where it costs nothing; what was answered before stands."""
        with contextlib.suppress(SMTPException, OSError, TimeoutError):
            if self._client.is_connected:
                await self._client.quit(timeout=QUIT_SECONDS)
        self._client.close()


def _meaning(answer: SMTPResponseException, permanent: NotificationFailure) -> Outcome:
    return Refused(permanent) if answer.code >= PERMANENT else Later(NotificationFailure.UNREACHABLE)
