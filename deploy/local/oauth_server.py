"""The OAuth 2 and OpenID Connect rules of the development issuer, by Authlib: client credentials, code with PKCE."""

# Authlib publishes no types: its classes are Any to mypy, and ours derive from them.
# mypy: disable-error-code="import-untyped,misc"
# The signatures are its own, whether or not an argument serves here.
# ruff: noqa: ARG002

import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Request
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, ClientCredentialsGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import AuthorizationCodeMixin
from authlib.oidc.core.grants import OpenIDCode
from joserfc.jwk import ECKey
from starlette.responses import JSONResponse, Response

from deploy.local.tokens import ALGORITHM, LIFETIME, TokenMaker

# Here the portal is given no secret: PKCE stands in for one.
PORTAL = "portal"
_CODE_LIFETIME = 60.0
LOOPBACK = r"http://(127\.0\.0\.1|localhost|\[::1\]):[0-9]{1,5}"


def is_loopback(address: str) -> bool:
    """RFC 8252, 7.3: any port of the loopback interface. Nothing that two parsers could read differently."""
    return re.fullmatch(rf"{LOOPBACK}(/[A-Za-z0-9._~/-]*)?", address) is not None


@dataclass(frozen=True)
class Person:
    """Somebody who signed in: one role in one organisation."""

    organisation: str
    role: str

    @property
    def subject(self) -> str:
        """The same person whenever they sign in; no name."""
        return f"{self.organisation}/{self.role}"


class Client(ClientMixin):
    """A program: an organisation's own with its secret, or the portal without."""

    def __init__(self, client_id: str, secret: str | None) -> None:
        self.client_id = client_id
        self._secret = secret
        self._public = secret is None

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        return None

    def get_allowed_scope(self, scope: str | None) -> str:
        return " ".join(name for name in (scope or "").split() if name == "openid")

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return is_loopback(redirect_uri)

    def check_client_secret(self, client_secret: str) -> bool:
        return self._secret is not None and secrets.compare_digest(self._secret.encode(), client_secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return (method == "none") == self._public

    def check_response_type(self, response_type: str) -> bool:
        return self._public and response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == ("authorization_code" if self._public else "client_credentials")


@dataclass(frozen=True)
class Code(AuthorizationCodeMixin):
    """An authorization code, good once and for a minute."""

    client_id: str
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str | None
    code_challenge_method: str | None
    person: Person
    made_at: float

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(time.time())


class OAuthServer(AuthorizationServer):
    """Answers with Starlette's responses; codes are kept in memory."""

    def __init__(self, maker: TokenMaker) -> None:
        super().__init__(scopes_supported=["openid"])
        self.maker = maker
        self.codes: dict[str, Code] = {}
        self.register_token_generator("default", BearerTokenGenerator(self._access_token, None, LIFETIME))
        self.register_grant(ClientCredentialsGrant)
        self.register_grant(_CodeGrant, [_S256Challenge(required=True), _IdToken(maker, self.codes)])

    def query_client(self, client_id: str) -> Client | None:
        if client_id == PORTAL:
            return Client(PORTAL, None)
        secret = self.maker.clients.get(client_id)
        return Client(client_id, secret) if secret else None

    def save_token(self, token: object, request: object) -> None:
        """Nothing to keep: a token proves itself."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: OAuth2Request) -> OAuth2Request:
        return request

    def handle_response(self, status: int, body: object, headers: list[tuple[str, str]]) -> Response:
        if isinstance(body, dict):
            return JSONResponse(body, status, dict(headers))
        return Response(str(body or ""), status, dict(headers))

    def _access_token(self, client: Client, grant_type: str, user: Person | None, scope: str) -> str:
        if user:
            return self.maker.mint(user.organisation, roles=[user.role], subject=user.subject, client=client.client_id)
        return self.maker.mint(client.client_id.replace(".", ":", 1), subject=client.client_id, client=client.client_id)


class PlainRequest(OAuth2Request):
    """What Authlib reads of a request, already received."""

    def __init__(self, method: str, url: str, headers: Mapping[str, str], fields: list[tuple[str, str]]) -> None:
        super().__init__(method, url, headers=headers)
        self._fields = dict(fields)
        self.payload = BasicOAuth2Payload(self._fields)
        # A parameter given twice must be seen, to be refused.
        for name in self._fields:
            self.payload.datalist[name] = [value for other, value in fields if other == name]

    @property
    def args(self) -> dict[str, str]:
        return self._fields

    @property
    def form(self) -> dict[str, str]:
        return self._fields


class _CodeGrant(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        asked = request.payload.data
        self.server.codes[code] = Code(
            client_id=request.client.client_id,
            redirect_uri=asked.get("redirect_uri"),
            scope=request.scope or "",
            nonce=asked.get("nonce"),
            code_challenge=asked.get("code_challenge"),
            code_challenge_method=asked.get("code_challenge_method"),
            person=request.user,
            made_at=time.monotonic(),
        )

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        # Taken out whatever follows: a code that was shown twice may have been stolen.
        found = self.server.codes.pop(code, None)
        fresh = found and found.client_id == client.client_id and time.monotonic() - found.made_at < _CODE_LIFETIME
        return found if fresh else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """Done when it was asked for."""

    def authenticate_user(self, authorization_code: Code) -> Person:
        return authorization_code.person


class _S256Challenge(CodeChallenge):
    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)


class _IdToken(OpenIDCode):
    def __init__(self, maker: TokenMaker, codes: Mapping[str, Code]) -> None:
        super().__init__()
        self._maker = maker
        self._codes = codes

    def exists_nonce(self, nonce: str, request: OAuth2Request) -> bool:
        return any(code.nonce == nonce for code in self._codes.values())

    def resolve_client_private_key(self, client: Client) -> ECKey:
        return self._maker.key

    def get_client_algorithm(self, client: Client) -> str:
        return ALGORITHM

    def get_client_claims(self, client: Client) -> dict[str, object]:
        return {"iss": self._maker.issuer, "aud": [client.client_id]}

    def get_encode_header(self, client: Client) -> dict[str, str | None]:
        return {"alg": ALGORITHM, "kid": self._maker.key.kid}

    def generate_user_info(self, user: Person, scope: str) -> dict[str, object]:
        return {"sub": user.subject, "organisation": user.organisation, "roles": [user.role]}
