"""Fetches locked jars from a Maven repository, by `jgo`, or by `mvn` where only its settings reach one."""

import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from jgo.constants import default_maven_repo
from jgo.maven import MavenContext

from deploy.local.failures import NotFetchedError
from deploy.local.kafka_jars import Jar

# What a dependency of these would bring is not wanted: the lock names everything.
_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>infoparquet</groupId><artifactId>kafka</artifactId><version>1</version>
<dependencies>{}</dependencies></project>"""
_POM_DEPENDENCY = """<dependency><groupId>{0.group}</groupId><artifactId>{0.artifact}</artifactId>
<version>{0.version}</version>
<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>"""
_TRIES = 3
_UNFINISHED = ".fetching-"


def fetch(jars: list[Jar], folder: Path) -> None:
    """Makes `folder` with its `jars`, for one caller at a time. Raises NotFetchedError."""
    for left in folder.parent.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=_UNFINISHED) as name:
        work = Path(name)
        (work / "jars").mkdir()
        try:
            _fetch_by_jgo(jars, work)
        except NotFetchedError:
            # A site that lets nothing out but through its own mirror says so in Maven's settings.
            if not (maven := shutil.which("mvn")):
                raise
            _fetch_by_maven(maven, jars, work)
        # Also drops the class-data archive made from the jars that were wrong.
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (work / "jars").rename(folder / "jars")


def _fetch_by_jgo(jars: list[Jar], work: Path) -> None:
    context = MavenContext(repo_cache=work / "repository", local_repos=[default_maven_repo()])
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda jar: _fetch_one(context, jar, work), jars))


def _fetch_one(context: MavenContext, jar: Jar, work: Path) -> None:
    artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
    trouble: Exception | str = "empreinte SHA-256 inattendue"
    for _ in range(_TRIES):
        try:
            found = artifact.resolve()
        except (requests.RequestException, RuntimeError, OSError) as error:
            trouble = error
            continue
        if jar.is_at(found):
            shutil.copyfile(found, work / "jars" / jar.name)
            return
        if not found.is_relative_to(work):
            # What lies in the user's own repository is not ours to delete, only to pass over.
            context.local_repos.clear()
            continue
        found.unlink(missing_ok=True)
    raise _not_fetched(jar.name, trouble)


def _fetch_by_maven(maven: str, jars: list[Jar], work: Path) -> None:
    pom = work / "pom.xml"
    pom.write_text(_POM.format("".join(_POM_DEPENDENCY.format(jar) for jar in jars)))
    target = work / "jars"
    command = [maven, "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={target}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - Maven as found in PATH
    missing = next((jar.name for jar in jars if not jar.is_at(target / jar.name)), None)
    if missing:
        raise _not_fetched(missing, (done.stdout + done.stderr).strip()[-600:] or "empreinte SHA-256 inattendue")


def _not_fetched(name: str, trouble: object) -> NotFetchedError:
    return NotFetchedError(
        "Apache Kafka n’a pas pu être téléchargé",
        why=f"{name} : {trouble}",
        remedy="Vérifier l’accès au dépôt Maven (HTTPS_PROXY pour un relais, REQUESTS_CA_BUNDLE pour un "
        "certificat propre au site, ou les réglages de mvn), ou bien choisir --broker light.",
    )
