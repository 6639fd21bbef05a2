"""Sign-in by OpenID Connect (code flow, PKCE S256): what is asked of the issuer, and what proves that it answered.

Nothing is stored of a sign-in that has begun: its `state`, `nonce` and verifier follow from a secret that only the
cookie of that browser holds, so that an answer counts in the browser that asked, once, and visitors fill no table.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Any, Final, Self, cast
from urllib.parse import urlencode

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization

from chassis.errors import Refused, Unavailable
from chassis.identity import ALGORITHMS, LEEWAY_SECONDS
from chassis.tls import trusted
from services.query.portal.derived import derived_text, unpadded
from services.query.settings import PortalSettings

LIMIT_SECONDS: Final = 5.0
CALLBACK: Final = "/sign-in/callback"


class SignInRefused(Refused):
    """The issuer refused, or what came back does not prove that it did not."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in that a browser has begun."""

    secret: str

    @classmethod
    def new(cls) -> Self:
        """One that nobody can guess."""
        return cls(secrets.token_urlsafe(32))

    def derived(self, what: str) -> str:
        """`state`, `nonce` or `verifier`: 43 characters, none of which tells of the others."""
        return derived_text(self.secret, what)

    @property
    def challenge(self) -> str:
        """RFC 7636, S256."""
        return unpadded(hashlib.sha256(self.derived("verifier").encode()).digest())

    def is_answered_by(self, state: str) -> bool:
        """Whether the issuer answers this very sign-in."""
        return hmac.compare_digest(self.derived("state").encode(), state.encode())


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the issuer gives for a code; the first is for the services, the second for signing out."""

    access: str
    identity: str


class OpenIdClient:
    """Speaks to the issuer. Every call raises Unavailable("issuer") where it does not answer as it should."""

    def __init__(self, issuer: str, settings: PortalSettings) -> None:
        self._issuer = issuer
        self._settings = settings

    async def address(self, attempt: Attempt) -> str:
        """Where the person signs in."""
        asked = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self._settings.public_url + CALLBACK,
            "scope": "openid",
            "state": attempt.derived("state"),
            "nonce": attempt.derived("nonce"),
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        endpoint = (await self._discovered())["authorization_endpoint"]
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    async def redeem(self, attempt: Attempt, code: str) -> Tokens:
        """The tokens for a code. Raises SignInRefused."""
        discovered = await self._discovered()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._settings.public_url + CALLBACK,
            "code_verifier": attempt.derived("verifier"),
        }
        answer = await self._post(discovered["token_endpoint"], form)
        try:
            tokens = Tokens(str(answer["access_token"]), str(answer["id_token"]))
        except KeyError:
            raise SignInRefused from None
        self._check(tokens.identity, attempt, await self._keys(discovered["jwks_uri"]))
        return tokens

    async def farewell(self, identity: str) -> str | None:
        """Where the person signs out of the issuer too, None where it has no such place."""
        endpoint = (await self._discovered()).get("end_session_endpoint")
        if endpoint is None:
            return None
        asked = {"id_token_hint": identity, "post_logout_redirect_uri": f"{self._settings.public_url}/"}
        return f"{endpoint}?{urlencode(asked | {'client_id': self._settings.client_id})}"

    def _check(self, token: str, attempt: Attempt, keys: KeySet) -> None:
        """OpenID Connect Core, 3.1.3.7."""
        rules = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._settings.client_id},
            exp={"essential": True},
            nonce={"essential": True, "value": attempt.derived("nonce")},
        )
        try:
            rules.validate(jwt.decode(token, keys, algorithms=ALGORITHMS).claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise SignInRefused from error

    async def _keys(self, url: str) -> KeySet:
        try:
            return KeySet.import_key_set(cast("KeySetSerialization", await self._get(url)))
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise _unavailable() from error

    async def _discovered(self) -> dict[str, Any]:
        found = await self._get(f"{self._issuer}/.well-known/openid-configuration")
        if not {"authorization_endpoint", "token_endpoint", "jwks_uri"} <= found.keys():
            raise _unavailable()
        return found

    async def _get(self, url: str) -> dict[str, Any]:
        try:
            async with httpx.AsyncClient(timeout=LIMIT_SECONDS, verify=trusted()) as client:
                found = (await client.get(url)).raise_for_status().json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise _unavailable() from error
        return found if isinstance(found, dict) else {}

    async def _post(self, url: str, form: dict[str, str]) -> dict[str, Any]:
        secret = self._settings.client_secret
        basic = None if secret is None else httpx.BasicAuth(self._settings.client_id, secret.get_secret_value())
        given = form if secret is not None else form | {"client_id": self._settings.client_id}
        try:
            async with httpx.AsyncClient(timeout=LIMIT_SECONDS, verify=trusted(), auth=basic) as client:
                answer = await client.post(url, data=given)
                if answer.is_client_error:
                    raise SignInRefused
                found = answer.raise_for_status().json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise _unavailable() from error
        return found if isinstance(found, dict) else {}


def _unavailable() -> Unavailable:
    return Unavailable("issuer")
