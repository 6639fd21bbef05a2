"""`infoparquet send` as tests run it, with the files it is given."""

import asyncio
import hashlib
from pathlib import Path

import typer
from typer.testing import CliRunner, Result

from cli.send import send
from cli.uploading import Announced


async def run(*arguments: str | Path) -> Result:
    """The command, to its end."""
    app = typer.Typer()
    app.command()(send)
    return await asyncio.to_thread(CliRunner().invoke, app, [str(argument) for argument in arguments])


def written(folder: Path, name: str, *lines: str) -> Path:
    """A file of these lines."""
    file = folder / name
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def announced(path: Path) -> Announced:
    """As the command announces a file."""
    content = path.read_bytes()
    return Announced(path, path.name, len(content), hashlib.sha256(content).hexdigest(), "key")
