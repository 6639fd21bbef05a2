"""An issuer of access tokens on 127.0.0.1: discovery, keys and client credentials, over real HTTP."""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from chassis.errors import Unavailable
from chassis.service import Running
from tests.processes import until

ROLES = {
    "administration": ["agent"],
    "tribunal": ["clerk"],
    "operator": ["operator"],
    "service": ["service"],
}


@dataclass
class Issuer:
    """Signs for any organisation; `/token` grants to intake alone."""

    url: str
    key: ECKey

    def token(
        self,
        organisation: str,
        roles: Sequence[str] | None = None,
        *,
        lifetime: int = 3600,
        subject: str = "agent-7",
    ) -> str:
        """An access token that is good for so many seconds, with the usual role of that kind of organisation."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": "infoparquet",
            "sub": subject,
            "iat": now,
            "exp": now + lifetime,
            "organisation": organisation,
            "roles": ROLES[organisation.partition(":")[0]] if roles is None else list(roles),
        }
        return jwt.encode({"alg": "ES256", "kid": self.key.kid}, claims, self.key)

    def bearer(
        self,
        organisation: str,
        roles: Sequence[str] | None = None,
        *,
        lifetime: int = 3600,
        subject: str = "agent-7",
    ) -> dict[str, str]:
        """The header of a request."""
        return {"Authorization": f"Bearer {self.token(organisation, roles, lifetime=lifetime, subject=subject)}"}


@contextmanager
def serving() -> Iterator[Issuer]:
    """An issuer that answers while the block lasts."""
    key = ECKey.generate_key("P-256", parameters={"kid": "test-1"}, auto_kid=False)

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            documents: dict[str, dict[str, Any]] = {
                "/.well-known/openid-configuration": {"jwks_uri": f"{url}/jwks", "token_endpoint": f"{url}/token"},
                "/jwks": {"keys": [key.as_dict(private=False)]},
            }
            self._answer(documents[self.path])

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            granted = {"access_token": issuer.token("service:intake"), "expires_in": 300}
            self._answer(granted if self.headers["authorization"].startswith("Basic ") else {})

        def _answer(self, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    url = f"http://127.0.0.1:{server.server_port}"
    issuer = Issuer(url, key)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def keys_known(running: Running) -> None:
    """Once the service has its issuer's keys: before, it is not ready, and a pause of the machine is a 503."""

    async def known() -> bool:
        with suppress(Unavailable):
            await running.identity.ready()
            return True
        return False

    await until(known, what="the issuer's keys")
