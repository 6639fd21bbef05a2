"""The page that shows the table: static files that hold no data; its script asks for it with the reader's token."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response

from chassis.problems import Problem

_FOLDER: Final = Path(__file__).with_name("static")
_MEDIA_TYPES: Final = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # Nothing of another address, nothing inline, and no other page around it.
        "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }
)


def routes() -> APIRouter:
    """The page and what it is made of."""
    router = APIRouter(include_in_schema=False)
    files = {file.name: file for file in sorted(_FOLDER.iterdir())}

    @router.get("/")
    async def page() -> Response:
        return _served(files["page.html"])

    @router.get("/static/{name}")
    async def part(name: str) -> Response:
        if name not in files:
            raise Problem(404, "unknown-page", "Cette page n’existe pas.")
        return _served(files[name])

    return router


def _served(file: Path) -> Response:
    return FileResponse(file, media_type=_MEDIA_TYPES[file.suffix], headers=dict(_HEADERS))
