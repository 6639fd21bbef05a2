"""One database a service on any PostgreSQL server, each owned by a role that cannot connect to the others."""

import json
import secrets
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from deploy.local.failures import StackError
from deploy.local.secret_files import write_secret


class Databases:
    """`url` is an account's that may create roles and databases; the passwords made are kept in `secrets_file`.

    `ssl` is False for a server known to have none, and asked of the server otherwise.
    """

    def __init__(self, url: str, secrets_file: Path, *, ssl: bool | None = None) -> None:
        self._url = url
        self._ssl = ssl
        self._secrets_file = secrets_file

    def url(self, name: str) -> str:
        """How its owner connects to a database that `create` made."""
        return _with_owner(self._url, name, self._passwords()[name])

    async def create(self, name: str) -> str:
        """Makes the database and its owner of the same name where they are missing, and answers its URL."""
        passwords = self._passwords()
        password = passwords.setdefault(name, secrets.token_urlsafe(24))
        write_secret(self._secrets_file, json.dumps(passwords))
        connection = await self._connect()
        try:
            known = await connection.fetchval("select true from pg_roles where rolname = $1", name)
            await connection.execute(f"{'alter' if known else 'create'} role \"{name}\" login password '{password}'")
            if not await connection.fetchval("select true from pg_database where datname = $1", name):
                # Needed by an account that is not a superuser, to make somebody else the owner.
                await connection.execute(f'grant "{name}" to current_user')
                await connection.execute(f'create database "{name}" owner "{name}"')
            await connection.execute(f'revoke connect on database "{name}" from public')
        except asyncpg.InsufficientPrivilegeError as error:
            raise StackError(
                f"La base {name} n’a pas pu être créée",
                why=f"le compte donné n’en a pas le droit ({error})",
                remedy="Donner par --database un compte qui a les droits CREATEDB et CREATEROLE.",
            ) from error
        finally:
            await connection.close()
        return self.url(name)

    async def drop(self, name: str) -> None:
        """Ends its sessions and drops it, its owner left."""
        connection = await self._connect()
        try:
            await connection.execute(f'drop database if exists "{name}" with (force)')
        finally:
            await connection.close()

    async def _connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        try:
            return await asyncpg.connect(self._url, timeout=10, ssl=self._ssl)
        except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            where = urlsplit(self._url)
            raise StackError(
                f"La base de données {where.hostname}:{where.port or 5432} ne répond pas",
                why=str(error) or type(error).__name__,
                remedy="Vérifier l’adresse, le compte et le mot de passe donnés par --database.",
            ) from error

    def _passwords(self) -> dict[str, str]:
        known: dict[str, str] = json.loads(self._secrets_file.read_text()) if self._secrets_file.exists() else {}
        return known


def _with_owner(url: str, name: str, password: str) -> str:
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(("postgresql", f"{quote(name)}:{quote(password)}@{place}", f"/{quote(name)}", parts.query, ""))
