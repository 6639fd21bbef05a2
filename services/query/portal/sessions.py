"""Who is signed in: on the server, sealed with a secret that only the browser's cookie holds.

The table alone lets nobody in and tells of nobody: a row is named by a digest, and its tokens are encrypted under a key
derived from the cookie. There is no key of the portal's own to keep, turn or lose.
"""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from sqlalchemy import Column, DateTime, LargeBinary, Table, Text, delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.query.portal.derived import derived, derived_text
from services.query.portal.signing_in import Tokens
from services.query.store import metadata

LONGEST: Final = timedelta(hours=8)
# Of the many that nobody ended, so many go at each sign-in.
_CLEARED_AT_ONCE: Final = 100

sessions = Table(
    "portal_sessions",
    metadata,
    Column("id", LargeBinary, primary_key=True),
    Column("sealed", Text, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False, index=True),
)

# When each person last said that they had seen their inbox, whatever the session.
looks = Table(
    "portal_looks",
    metadata,
    Column("person", LargeBinary, primary_key=True),
    Column("looked_at", DateTime(timezone=True), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in that lasts. `csrf` is what forms of its pages bear."""

    secret: str
    tokens: Tokens

    @property
    def id(self) -> bytes:
        """What names its row, and tells nothing of the secret."""
        return derived(self.secret, "id")

    @property
    def csrf(self) -> str:
        """43 characters that nobody can derive from what a page or the table shows."""
        return derived_text(self.secret, "csrf")


async def begin(connection: AsyncConnection, tokens: Tokens, now: datetime, token_expires_at: datetime) -> Session:
    """A new session, which ends with the access token, or after eight hours."""
    session = Session(secrets.token_urlsafe(32), tokens)
    expired = select(sessions.c.id).where(sessions.c.expires_at <= now).limit(_CLEARED_AT_ONCE)
    await connection.execute(delete(sessions).where(sessions.c.id.in_(expired)))
    row = {
        "id": session.id,
        "sealed": _sealed(session),
        "expires_at": min(token_expires_at, now + LONGEST),
    }
    await connection.execute(insert(sessions), row)
    return session


async def find(connection: AsyncConnection, secret: str, now: datetime) -> Session | None:
    """The session of a cookie, None where there is none or no longer."""
    held = select(sessions.c.sealed).where(sessions.c.id == derived(secret, "id"), sessions.c.expires_at > now)
    sealed = (await connection.execute(held)).scalar()
    return None if sealed is None else _opened(secret, sealed)


async def end(connection: AsyncConnection, session: Session) -> None:
    """Nobody comes in with its cookie again."""
    await connection.execute(delete(sessions).where(sessions.c.id == session.id))


async def looked_at(connection: AsyncConnection, person: str) -> datetime | None:
    """When the person last said that they had seen their inbox."""
    return (await connection.execute(select(looks.c.looked_at).where(looks.c.person == _named(person)))).scalar()


async def look(connection: AsyncConnection, person: str, at: datetime) -> None:
    """Remember it; what is older than what is known changes nothing."""
    row = upsert(looks).values(person=_named(person), looked_at=at)
    latest = func.greatest(looks.c.looked_at, row.excluded.looked_at)
    await connection.execute(row.on_conflict_do_update(index_elements=["person"], set_={"looked_at": latest}))


def _sealed(session: Session) -> str:
    content = json.dumps([session.tokens.access, session.tokens.identity]).encode()
    return jwe.encrypt_compact({"alg": "dir", "enc": "A256GCM"}, content, _key(session.secret))


def _opened(secret: str, sealed: str) -> Session | None:
    try:
        content = jwe.decrypt_compact(sealed, _key(secret), algorithms=["dir", "A256GCM"]).plaintext
    except (JoseError, ValueError):
        return None
    access, identity = json.loads(content or b"[]")
    return Session(secret, Tokens(access, identity))


def _key(secret: str) -> OctKey:
    return OctKey.import_key(derived(secret, "key"))


def _named(person: str) -> bytes:
    return derived(person, "person")
