"""Asks intake whom to write to. What it answers is used for one mail, and neither kept nor logged."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

import httpx
from infoparquet_contracts.codes import NotificationFailure
from pydantic import BaseModel, ConfigDict, ValidationError

from chassis.errors import Unavailable
from chassis.service_token import ServiceToken
from services.notify.tries import Later, Refused

# Intake itself looks for five seconds before it says that there is no such dossier.
LIMIT_SECONDS = 10.0


class Contact(BaseModel):
    """A dossier's author."""

    model_config = ConfigDict(hide_input_in_errors=True)

    name: str | None = None
    email: str | None = None


@dataclass(frozen=True)
class IntakeService:
    """Intake, over HTTP."""

    url: str
    token: ServiceToken

    async def contact(self, procedure: UUID) -> Contact | Later | Refused:
        """Whom to write to about a procedure, or what follows from not knowing."""
        try:
            async with (
                asyncio.timeout(LIMIT_SECONDS),
                httpx.AsyncClient(timeout=LIMIT_SECONDS, verify=self.token.tls) as client,
            ):
                answer = await client.get(
                    f"{self.url}/v1/dossiers/{procedure}/contact", headers=await self.token.bearer()
                )
        except (httpx.TimeoutException, TimeoutError):
            return Later(NotificationFailure.TIMED_OUT)
        except (httpx.HTTPError, Unavailable):
            return Later(NotificationFailure.UNREACHABLE)
        if answer.status_code == httpx.codes.NOT_FOUND:
            # The journal has the procedure, so it is the dossier that is no longer kept.
            return Refused(NotificationFailure.NO_ADDRESS)
        try:
            return Contact.model_validate_json(answer.raise_for_status().content)
        except (httpx.HTTPError, ValidationError):
            return Later(NotificationFailure.UNREACHABLE)

    async def _ask(self, procedure: UUID) -> httpx.Response:
        async with httpx.AsyncClient(timeout=LIMIT_SECONDS, verify=self.token.tls) as client:
            headers = await self.token.bearer()
            return await client.get(f"{self.url}/v1/dossiers/{procedure}/contact", headers=headers)
