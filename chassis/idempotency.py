"""The same request sent again makes nothing new: keys are kept per organisation and path, with what each made.

A key is claimed in the transaction that holds its effect, so both are there or neither; a refusal rolls back and is
not kept. Whoever claims a key that another transaction holds waits for it a third of a second at most.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeGuard
from uuid import UUID

import rfc8785
from fastapi import Depends, Header, Request
from sqlalchemy import Column, DateTime, LargeBinary, MetaData, Row, Table, Text, Uuid, text
from sqlalchemy.exc import DBAPIError

from chassis.errors import Refused, sqlstate
from chassis.problems import FieldError, Problem
from chassis.transaction import Transaction

V1 = """
CREATE TABLE idempotency_keys (
    organisation text,
    path text,
    key text,
    digest bytea NOT NULL,
    resource uuid NOT NULL,
    claimed_at timestamptz NOT NULL,
    PRIMARY KEY (organisation, path, key))
"""

metadata = MetaData()

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("resource", Uuid, nullable=False),
    Column("claimed_at", DateTime(timezone=True), nullable=False),
)

# Visible ASCII, so that a key reads the same in a header, in JSON and in a log.
KEY_PATTERN = "^[\\x21-\\x7e]{1,255}$"
LOCK_NOT_AVAILABLE = "55P03"

# One statement: the limit is set when the first key is read, before any is inserted. Always in one order, so that two
# groups with keys in common wait for each other and never both at once.
_CLAIM = text("""
    WITH patience AS MATERIALIZED (SELECT set_config('lock_timeout', '300ms', true))
    INSERT INTO idempotency_keys (organisation, path, key, digest, resource, claimed_at)
    SELECT :organisation, :path, one.key, one.digest, one.resource, :now
    FROM patience, unnest(CAST(:keys AS text[]), CAST(:digests AS bytea[]), CAST(:resources AS uuid[]))
         AS one (key, digest, resource)
    ORDER BY one.key
    ON CONFLICT DO NOTHING RETURNING key
""")
_KEPT = text("""
    SELECT key, digest, resource FROM idempotency_keys
    WHERE organisation = :organisation AND path = :path AND key = ANY(CAST(:keys AS text[]))
""")

_REDIRECT = text("""
    UPDATE idempotency_keys SET resource = :resource
    WHERE organisation = :organisation AND path = :path AND key = :key
""")
# The last 62 bits of a UUIDv7.
_MARK = 2**62 - 1


class InFlight(Refused):
    """Another transaction has claimed one of the keys and has not ended yet."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A key with the digest of its body, and what is to be made if the key is new."""

    key: str
    digest: bytes
    resource: UUID


@dataclass(frozen=True, slots=True)
class New:
    """Never seen: `resource` is to be made now."""

    resource: UUID


@dataclass(frozen=True, slots=True)
class Known:
    """Seen with this very body: it made `resource`."""

    resource: UUID


@dataclass(frozen=True, slots=True)
class Contradicted:
    """Seen with another body."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """Never seen, and not claimed either."""


Outcome = New | Known | Contradicted


def create_v1(op: Any) -> None:  # noqa: ANN401 - Alembic's proxy module
    """As first shipped; a migration calls it."""
    op.execute(V1)


def resource_for(transaction: Transaction, organisation: str, path: str, key: str) -> UUID:
    """A new id, a UUIDv7 as any other, that carries the key's mark in the bits that would be random.

    So whoever still has the id knows the key again, where the table of keys was restored from a backup.
    """
    digest = hashlib.sha256(f"{organisation} {path} {key}".encode()).digest()
    return UUID(int=transaction.new_id().int & ~_MARK | int.from_bytes(digest) & _MARK)


def mark_of(resource: UUID) -> int:
    """The mark of the key that it was made under."""
    return resource.int & _MARK


async def redirect(transaction: Transaction, organisation: str, path: str, claim: Claim, resource: UUID) -> None:
    """A key that was just claimed made something long ago."""
    values = {"organisation": organisation, "path": path, "key": claim.key, "resource": resource}
    await transaction.connection.execute(_REDIRECT, values)


async def claim(transaction: Transaction, organisation: str, path: str, claims: Sequence[Claim]) -> list[Outcome]:
    """What each key stands for, in order; of equal keys in one call the first counts. Raises InFlight."""
    firsts: dict[str, Claim] = {}
    for one in claims:
        firsts.setdefault(one.key, one)
    where = {"organisation": organisation, "path": path}
    fresh = await _insert(transaction, where, list(firsts.values()))
    old = [key for key in firsts if key not in fresh]
    kept = {key: (one.digest, one.resource) for key, one in firsts.items() if key in fresh}
    if old:
        found = await transaction.connection.execute(_KEPT, {**where, "keys": old})
        kept |= {row.key: (row.digest, row.resource) for row in found}
    return [_outcome(one, *kept[one.key], first=one.key in fresh and one is firsts[one.key]) for one in claims]


async def look_up(
    transaction: Transaction, organisation: str, path: str, asked: Sequence[tuple[str, bytes]]
) -> list[Known | Contradicted | Unseen]:
    """What each key with its body's digest stands for, in order, of a request that would make nothing if it were new.

    A request that was accepted once is answered by this, whatever would be said of it today.
    """
    where = {"organisation": organisation, "path": path, "keys": [key for key, _ in asked]}
    kept = {row.key: row for row in await transaction.connection.execute(_KEPT, where)} if asked else {}
    return [_seen(kept[key], digest) if key in kept else Unseen() for key, digest in asked]


def _seen(kept: Row[Any], digest: bytes) -> Known | Contradicted:
    return Known(kept.resource) if kept.digest == digest else Contradicted()


def _outcome(one: Claim, digest: bytes, resource: UUID, *, first: bool) -> Outcome:
    if first:
        return New(resource)
    return Known(resource) if digest == one.digest else Contradicted()


async def _insert(transaction: Transaction, where: dict[str, str], claims: Sequence[Claim]) -> set[str]:
    values = {
        **where,
        "now": transaction.now,
        "keys": [one.key for one in claims],
        "digests": [one.digest for one in claims],
        "resources": [one.resource for one in claims],
    }
    try:
        return set((await transaction.connection.execute(_CLAIM, values)).scalars())
    except DBAPIError as error:
        if sqlstate(error) == LOCK_NOT_AVAILABLE:
            raise InFlight from None
        raise


def digest_of(body: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """SHA-256 of a body's canonical form (RFC 8785). Raises rfc8785.CanonicalizationError where it has none."""
    return hashlib.sha256(rfc8785.dumps(body)).digest()


def is_key(value: object) -> TypeGuard[str]:
    """Whether it could be sent as a key."""
    return isinstance(value, str) and re.fullmatch(KEY_PATTERN, value) is not None


def digest_if_any(body: Any) -> bytes | None:  # noqa: ANN401 - any JSON value
    """The same, None for what has no canonical form."""
    try:
        return digest_of(body)
    except rfc8785.CanonicalizationError:
        return None


async def key_of(
    request: Request,
    key: Annotated[
        str | None, Header(alias="Idempotency-Key", description="Obligatoire : de 1 à 255 caractères ASCII visibles.")
    ] = None,
) -> str:
    """The key of a request; 400 as a problem without one."""
    if key is None:
        raise Problem(400, "idempotency-key-missing", "L’en-tête « Idempotency-Key » est obligatoire.")
    if len(request.headers.getlist("idempotency-key")) > 1 or not is_key(key):
        raise malformed()
    return key


IdempotencyKey = Annotated[str, Depends(key_of)]


def malformed() -> Problem:
    """400, for what cannot be a key."""
    detail = "L’en-tête « Idempotency-Key » porte une seule clé, de 1 à 255 caractères ASCII visibles."
    return Problem(400, "idempotency-key-malformed", detail)


def in_flight() -> Problem:
    """409, for InFlight."""
    detail = "Une demande de même clé est en cours ; réessayez dans un instant."
    return Problem(409, "idempotency-key-in-flight", detail, headers={"Retry-After": "1"})


def contradicted() -> Problem:
    """422, for Contradicted."""
    detail = "Cette clé d’idempotence a déjà servi pour une demande différente ; utilisez une autre clé."
    return Problem(422, "idempotency-key-reused", detail, [FieldError("", detail)])
