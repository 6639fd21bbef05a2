"""Pages as HTML: templates, the files they name, and what browsers are told to allow them."""

import gzip
import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from chassis.clock import PARIS
from services.query.portal import amounts
from services.query.settings import TRACE

_FOLDER: Final = Path(__file__).parent
_MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Files:
    """What pages name, in memory, under addresses that change with the content: a browser asks for each once."""

    def __init__(self) -> None:
        found = {
            path.relative_to(_FOLDER / "static").as_posix(): path
            for path in sorted((_FOLDER / "static").rglob("*"))
            if path.suffix in _MEDIA_TYPES
        }
        self._plain = {name: path.read_bytes() for name, path in found.items()}
        self._packed = {name: gzip.compress(body, mtime=0) for name, body in self._plain.items()}
        self.version = hashlib.sha256(b"".join(self._plain.values())).hexdigest()[:16]

    def served(self, name: str, request: Request) -> Response | None:
        """None for a name that is not a file's."""
        if name not in self._plain:
            return None
        packed = "gzip" in request.headers.get("accept-encoding", "")
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable",
            "X-Content-Type-Options": "nosniff",
            "Vary": "Accept-Encoding",
        } | ({"Content-Encoding": "gzip"} if packed else {})
        body = (self._packed if packed else self._plain)[name]
        return Response(body, headers=headers, media_type=_MEDIA_TYPES[Path(name).suffix])


class Pages:
    """Renders templates; what is data is always text."""

    def __init__(self, issuer: str, organisation: str | None, traces_url: str | None) -> None:
        self.files = Files()
        self._environment = Environment(
            loader=FileSystemLoader(_FOLDER / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals |= {
            "asset": lambda name: f"/static/{self.files.version}/{name}",
            "organisation": organisation,
            "instant": instant,
            "trace_address": lambda trace: None if traces_url is None else traces_url.replace(TRACE, trace),
        }
        self._environment.filters |= {"day": _day, "octets": _octets}
        self._environment.filters |= {"amount": amounts.count, "share": amounts.share, "duration": amounts.duration}
        # Signing out ends at the issuer, which a form's redirection may reach.
        parts = urlsplit(issuer)
        self._headers = _headers(f"{parts.scheme}://{parts.netloc}")

    def render(self, template: str, *, status: int = 200, **content: Any) -> HTMLResponse:  # noqa: ANN401 - any
        """A page that no cache keeps."""
        body = self._environment.get_template(template).render(content)
        return HTMLResponse(body, status, dict(self._headers))


def _headers(issuer: str) -> Mapping[str, str]:
    return {
        # Nothing of another address, nothing inline, and no other page around it. Icons are within the style sheet.
        "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        f"connect-src 'self'; form-action 'self' {issuer}; base-uri 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        # With `no-referrer`, browsers would send our own forms without their origin.
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


def instant(time: datetime | str) -> Markup:
    """« 23/11/2026 à 13:05 », in Paris, as an element that programs read too."""
    at = datetime.fromisoformat(time) if isinstance(time, str) else time
    shown = at.astimezone(PARIS)
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), f"{shown:%d/%m/%Y à %H:%M}")


def _day(day: date | str) -> str:
    """« 23/11/2026 », or « 11/2026 » and « 2026 » of a birth of which no more is known."""
    return "/".join(reversed(str(day).split("-")))


def _octets(size: int) -> str:
    """« 1,2 Mo »."""
    for unit, name in ((10**9, "Go"), (10**6, "Mo"), (10**3, "ko")):
        if size >= unit:
            return f"{size / unit:.1f} {name}".replace(".", ",")
    return f"{size} octets"
