"""Who calls: access tokens are JWTs checked against the issuer's keys (RFC 9068), their audience and their claims."""

import asyncio
import math
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Annotated, Any

import httpx
from fastapi import Depends, Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from chassis.errors import Unavailable
from chassis.problems import Problem
from chassis.tls import trusted

ALGORITHMS = ["RS256", "ES256", "PS256", "EdDSA"]
# A token signed with a key we do not know may be forged: the issuer is asked again this often at most.
SECONDS_BETWEEN_KEY_FETCHES = 10.0
LEEWAY_SECONDS = 10
LIMIT_SECONDS = 3.0
REMEMBERED = 1000
LONGEST_TOKEN = 8192


@dataclass(frozen=True, slots=True)
class Caller:
    """The organisation behind a request: `kind` is administration, tribunal, operator or service; `code` its own.

    `expires` is when its token does, in seconds since 1970.
    """

    subject: str
    kind: str
    code: str
    roles: frozenset[str]
    expires: float = field(default=math.inf, compare=False)

    @property
    def organisation(self) -> str:
        """As the token's claim has it."""
        return f"{self.kind}:{self.code}" if self.code else self.kind


class BadToken(Exception):  # noqa: N818
    """The token is not one of ours, or no longer."""


class Identity:
    """Checks tokens of one issuer."""

    def __init__(self, issuer: str, audience: str, now: Callable[[], float] = time.time) -> None:
        self._issuer = issuer
        self._audience = audience
        self._now = now
        self._keys: KeySet | None = None
        self._fetched_at = -SECONDS_BETWEEN_KEY_FETCHES
        self._fetching = asyncio.Lock()
        self._known: dict[str, Caller] = {}

    async def caller(self, token: str) -> Caller:
        """Whom the token speaks for. Raises BadToken, or Unavailable("issuer") while its keys cannot be had."""
        if len(token) > LONGEST_TOKEN:
            raise BadToken
        known = self._known.get(token)
        if known and known.expires > self._now():
            return known
        claims = await self._claims(token)
        caller = _caller(claims)
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[token] = caller
        return caller

    async def ready(self) -> None:
        """Raises Unavailable("issuer") while no keys are known."""
        if self._keys is None:
            await self._fetch_keys()

    async def _claims(self, token: str) -> dict[str, Any]:
        await self.ready()
        try:
            return self._checked(token)
        except BadToken:
            if self._now() - self._fetched_at < SECONDS_BETWEEN_KEY_FETCHES:
                raise
        # Perhaps the issuer has changed its keys.
        await self._fetch_keys()
        return self._checked(token)

    def _checked(self, token: str) -> dict[str, Any]:
        assert self._keys is not None  # noqa: S101 - `ready` came first
        rules = jwt.JWTClaimsRegistry(
            now=int(self._now()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._audience},
            exp={"essential": True},
            sub={"essential": True},
        )
        try:
            decoded = jwt.decode(token, self._keys, algorithms=ALGORITHMS)
            rules.validate(decoded.claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise BadToken from error
        return dict(decoded.claims)

    async def _fetch_keys(self) -> None:
        async with self._fetching:
            if self._keys is not None and self._now() - self._fetched_at < SECONDS_BETWEEN_KEY_FETCHES:
                return
            try:
                async with httpx.AsyncClient(timeout=LIMIT_SECONDS, verify=trusted()) as client:
                    discovery = await client.get(f"{self._issuer}/.well-known/openid-configuration")
                    keys = await client.get(discovery.raise_for_status().json()["jwks_uri"])
                    self._keys = KeySet.import_key_set(keys.raise_for_status().json())
            except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError, JoseError) as error:
                if self._keys is None:
                    dependency = "issuer"
                    raise Unavailable(dependency) from error
            self._fetched_at = self._now()


def _caller(claims: dict[str, Any]) -> Caller:
    organisation, roles = claims.get("organisation"), claims.get("roles")
    if not isinstance(organisation, str) or not isinstance(roles, list):
        raise BadToken
    kind, colon, code = organisation.partition(":")
    named = not colon if kind == "operator" else bool(code)
    if kind not in ("administration", "tribunal", "operator", "service") or not named:
        raise BadToken
    return Caller(str(claims["sub"]), kind, code, frozenset(str(role) for role in roles), float(claims["exp"]))


async def authenticated(request: Request) -> Caller:
    """The caller of a request; 401 as a problem without a good bearer token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    identity: Identity = request.app.state.identity
    try:
        if scheme.lower() != "bearer" or not token:
            raise BadToken
        return await identity.caller(token.strip())
    except BadToken:
        detail = "Un jeton d’accès valide est requis (en-tête « Authorization: Bearer … »)."
        raise Problem(401, "bad-token", detail, headers={"WWW-Authenticate": "Bearer"}) from None


AnyCaller = Annotated[Caller, Depends(authenticated)]


class Only:
    """A dependency that lets these kinds of organisation in, where roles are named in one of those; 403 for others."""

    def __init__(self, kinds: Collection[str], roles: Collection[str], refusal: str) -> None:
        self.kinds = kinds
        self.roles = roles
        self._refusal = refusal

    async def __call__(self, caller: AnyCaller) -> Caller:
        """FastAPI."""
        if caller.kind not in self.kinds:
            raise Problem(403, "wrong-organisation", "Votre organisation n’a pas accès à cette fonction.")
        if self.roles and not caller.roles.intersection(self.roles):
            raise Problem(403, "wrong-role", self._refusal)
        return caller


def only(*kinds: str, roles: Collection[str] = (), refusal: str = "") -> Only:
    """Who may call; `refusal` is said to who is of the right kind and in none of the roles."""
    return Only(kinds, roles, refusal)


# Who may do what operators do: of their organisation, and in that role.
Operator = Annotated[
    Caller,
    Depends(only("operator", roles=["operator"], refusal="Votre jeton ne porte pas le rôle « operator ».")),
]
