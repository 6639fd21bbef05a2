"""This service's own access token, by client credentials (RFC 6749, section 4.4), kept until it is about to expire."""

import asyncio
import time
from collections.abc import Callable

import httpx
from pydantic import SecretStr

from chassis.errors import Unavailable
from chassis.tls import trusted

# Asked anew this long before it expires.
MARGIN_SECONDS = 30.0
LIMIT_SECONDS = 3.0


class ServiceToken:
    """Fetched from the issuer when it is first needed."""

    def __init__(
        self, issuer: str, client_id: str, client_secret: SecretStr, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._issuer = issuer
        self._credentials = httpx.BasicAuth(client_id, client_secret.get_secret_value())
        self._now = now
        self._one_at_a_time = asyncio.Lock()
        self._token = ""
        self._until = 0.0
        self.tls = trusted()

    async def bearer(self) -> dict[str, str]:
        """The header to send. Raises Unavailable("issuer")."""
        async with self._one_at_a_time:
            if self._now() >= self._until:
                await self._fetch()
        return {"Authorization": f"Bearer {self._token}"}

    async def _fetch(self) -> None:
        try:
            async with httpx.AsyncClient(timeout=LIMIT_SECONDS, verify=self.tls) as client:
                discovery = await client.get(f"{self._issuer}/.well-known/openid-configuration")
                endpoint = discovery.raise_for_status().json()["token_endpoint"]
                form = {"grant_type": "client_credentials"}
                answer = await client.post(endpoint, data=form, auth=self._credentials)
                granted = answer.raise_for_status().json()
            self._token = str(granted["access_token"])
            self._until = self._now() + float(granted.get("expires_in", 60)) - MARGIN_SECONDS
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            dependency = "issuer"
            raise Unavailable(dependency) from error
