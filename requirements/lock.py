"""Writes the locks: hashes, no address, and not the two distributions of this tree, which are installed from it."""

import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parent.parent


def main() -> None:
    """Resolve `dev.lock` (everything) from both pyproject files; fails when uv does."""
    project = (ROOT / "pyproject.toml").read_text()
    with tempfile.TemporaryDirectory() as folder:
        without_contracts = pathlib.Path(folder, "pyproject.toml")
        without_contracts.write_text(re.sub(r'^ *"infoparquet-contracts",\n', "", project, flags=re.MULTILINE))
        subprocess.run(
            [sys.executable, "-m", "uv", "pip", "compile", str(without_contracts), "contracts/pyproject.toml",
             "--extra", "local", "--group", f"{without_contracts}:dev", "--universal", "--python-version", "3.11",
             "--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--no-header", "--no-annotate",
             "--quiet", "--output-file", "requirements/dev.lock"],
            cwd=ROOT, check=True,
        )  # fmt: skip


if __name__ == "__main__":
    main()
