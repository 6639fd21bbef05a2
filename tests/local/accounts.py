"""Running this project's code as an ordinary user, from tests that run as root."""

import subprocess
import sys

import pytest

from tests.processes import ROOT

ORDINARY = "nobody"


def ordinary_python() -> str:
    """A Python of this version that account may run; the environment's may lie under a closed home."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/python{version}", f"/usr/local/bin/python{version}"):
        try:
            subprocess.run([python, "-c", ""], user=ORDINARY, extra_groups=[], check=True)  # noqa: S603 - fixed words
        except OSError:
            continue
        return python
    pytest.skip(f"no Python {version} that an ordinary user could run")


def ordinary_environment() -> dict[str, str]:
    """What it needs to find this project and its packages, and to write nothing beside them."""
    installed = [path for path in sys.path if path.endswith("site-packages")]
    places = [str(ROOT), str(ROOT / "contracts" / "src"), *installed]
    return {"PYTHONPATH": ":".join(places), "PYTHONDONTWRITEBYTECODE": "1"}
