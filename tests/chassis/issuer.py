"""An issuer of access tokens on 127.0.0.1, over real HTTP, whose keys and answers a test may change."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

DISCOVERY, KEYS = "/.well-known/openid-configuration", "/keys"
NOW = 1_795_000_000


def new_key(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", parameters={"kid": kid}, auto_kid=False)


@dataclass
class Issuer:
    """Publishes `keys`; `answers` replaces what it says at a path, status and body; `asked` are the paths asked for."""

    url: str
    keys: list[ECKey | RSAKey] = field(default_factory=lambda: [new_key("first")])
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def token(
        self, *, key: ECKey | RSAKey | None = None, header: Mapping[str, Any] | None = None, **claims: Any
    ) -> str:
        """A token that is good for an hour; a claim given as None is left out."""
        signed_by = key or self.keys[-1]
        given = {"iss": self.url, "aud": "infoparquet", "sub": "agent-7", "exp": NOW + 3600}
        given |= {"organisation": "administration:dreal-33", "roles": ["agent"]} | claims
        algorithm = "RS256" if isinstance(signed_by, RSAKey) else "ES256"
        protected = {"alg": algorithm, "kid": signed_by.kid} | dict(header or {})
        return jwt.encode(protected, {name: value for name, value in given.items() if value is not None}, signed_by)

    def public_key(self) -> bytes:
        """The first key as anybody may read it."""
        return self.keys[0].as_pem(private=False)

    def answer(self, path: str) -> tuple[int, bytes]:
        """What it says at a path."""
        self.asked.append(path)
        documents = {
            DISCOVERY: {"issuer": self.url, "jwks_uri": self.url + KEYS},
            KEYS: {"keys": [key.as_dict(private=False) for key in self.keys]},
        }
        return self.answers.get(path) or (200, json.dumps(documents[path]).encode())


@contextmanager
def serving(port: int = 0) -> Iterator[Issuer]:
    """An issuer that answers while the block lasts."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = issuer.answer(self.path)
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", port), Answers) as server:
        issuer = Issuer(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield issuer
        finally:
            server.shutdown()
            thread.join()
