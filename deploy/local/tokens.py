"""What the development issuer keeps, its key and its clients' secrets, and the access tokens made with them (RFC 9068).

Kept with the data: tokens stay good when the stack starts again.
"""

import json
import secrets
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from deploy.local.failures import WrongUseError
from deploy.local.identities import SERVICES, is_organisation, organisations, roles_of
from deploy.local.secret_files import write_secret

ALGORITHM = "ES256"
AUDIENCE = "infoparquet"
LIFETIME = 3600


@dataclass(frozen=True)
class TokenMaker:
    """`clients` are the secrets by client id; `issuer` is the URL that the tokens name."""

    issuer: str
    key: ECKey
    clients: Mapping[str, str]

    @classmethod
    def open(cls, folder: Path, issuer: str) -> Self:
        """Reads what `folder` keeps, and makes what is missing."""
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        return cls(issuer, _key(folder / "key.json"), _clients(folder / "clients.json"))

    @property
    def keys(self) -> dict[str, object]:
        """The public keys, as the issuer publishes them."""
        return dict(KeySet([self.key]).as_dict(private=False))

    def mint(
        self,
        organisation: str,
        *,
        roles: Collection[str] = (),
        subject: str | None = None,
        client: str = "infoparquet",
        lifetime: int = LIFETIME,
    ) -> str:
        """An access token, by default with every role of that organisation's kind. Raises WrongUseError."""
        if not is_organisation(organisation):
            raise WrongUseError(
                f"L’organisation « {organisation} » n’a pas la forme attendue",
                why="un jeton nomme administration:<code>, tribunal:<code>, operator ou service:<nom>",
                remedy="Par exemple : --organisation tribunal:tj33063.",
            )
        if unknown := set(roles) - set(possible := roles_of(organisation)):
            raise WrongUseError(
                f"Le rôle {', '.join(sorted(unknown))} n’existe pas dans {organisation}",
                why=f"les rôles y sont {', '.join(possible)}",
                remedy=f"Par exemple : --role {next(iter(possible))}.",
            )
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": subject or organisation,
            "client_id": client,
            "iat": now,
            "exp": now + lifetime,
            "jti": secrets.token_urlsafe(16),
            "organisation": organisation,
            "roles": sorted(roles or possible),
        }
        return jwt.encode({"alg": ALGORITHM, "typ": "at+jwt", "kid": self.key.kid}, claims, self.key)


def client_of(organisation: str) -> str:
    """The client id an organisation's programs use: HTTP Basic leaves no room for its colon."""
    return organisation.replace(":", ".")


def _key(path: Path) -> ECKey:
    if not path.exists():
        made = ECKey.generate_key("P-256", auto_kid=True)
        write_secret(path, json.dumps(made.as_dict(private=True)))
    return ECKey.import_key(json.loads(path.read_text()))


def _clients(path: Path) -> dict[str, str]:
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    names = [one.name for one in organisations()] + [f"service:{name}" for name in SERVICES]
    if missing := [client for client in map(client_of, names) if client not in known]:
        known |= {client: secrets.token_urlsafe(24) for client in missing}
        write_secret(path, json.dumps(known))
    return known
