"""Writes `kafka.lock` for a version of Apache Kafka: `python -m deploy.local.kafka_lock 4.2.2`.

What it writes is what every machine will run: read the difference before committing it.
"""

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from jgo.maven import Artifact, MavenContext

from deploy.local.kafka_jars import LOCK

# Kafka logs by SLF4J 1.7, and its own jars name no binding.
_BINDING = "log4j-slf4j-impl"
_HEAD = """\
# Apache Kafka {version} with what it needs to run, and log4j's binding for SLF4J.
# Made by `python -m deploy.local.kafka_lock {version}`.
"""


def resolve(version: str, repository: Path) -> Sequence[Artifact]:
    """Kafka's broker, its runtime dependencies, and a logging binding of the version of log4j among them."""
    context = MavenContext(repo_cache=repository)
    # Resolved alone: together, log4j's own POM would bring an old Kafka client in.
    roots, others = context.resolver.resolve([context.create_dependency(f"org.apache.kafka:kafka_2.13:{version}")])
    artifacts = [one.artifact for one in (*roots, *others)]
    core = next(one for one in artifacts if one.artifactId == "log4j-core")
    return [*artifacts, context.project(core.groupId, _BINDING).at_version(core.version).artifact()]


def main() -> None:
    """Resolves, digests and writes."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.kafka_lock", description=__doc__)
    parser.add_argument("version")
    version = parser.parse_args().version
    with TemporaryDirectory() as repository:
        lines = sorted(
            f"{one.groupId}:{one.artifactId}:{one.version} "
            f"sha256:{hashlib.sha256(one.resolve().read_bytes()).hexdigest()}"
            for one in resolve(version, Path(repository))
        )
    LOCK.write_text(_HEAD.format(version=version) + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
