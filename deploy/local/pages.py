"""What the pages of the local stack's own programs have in common: how they look, and that they can do nothing."""

from collections.abc import Sequence

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

LOOPBACK = "127.0.0.1"
SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
# Nothing remote and no script.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'"
_PAGE = """<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">{refresh}
<title>{title}</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; color: #161616 }}
h1 {{ font-size: 1.5rem; color: #000091; overflow-wrap: anywhere }}
h2 {{ font-size: 1.1rem; margin: 2rem 0 .5rem }}
a {{ color: #000091 }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; vertical-align: top; padding: .5rem .75rem .5rem 0; border-bottom: 1px solid #ddd }}
td {{ overflow-wrap: anywhere }}
.when {{ white-space: nowrap }}
iframe {{ width: 100%; height: 62rem; border: 1px solid #ddd }}
@media (max-width: 40rem) {{
  thead {{ display: none }}
  tr {{ display: block; padding: .5rem 0; border-bottom: 1px solid #ddd }}
  th, td {{ display: block; padding: 0; border: 0 }}
}}
pre {{ background: #f6f6f6; padding: 1rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere }}
.note {{ color: #3a3a3a }}
{style}</style>
</head>
<body><main>{body}</main></body>
</html>
"""
# No script: the browser asks again by itself.
_REFRESH = '\n<meta http-equiv="refresh" content="5">'


def page(title: str, body: str, *, style: str = "", refreshed: bool = False) -> str:
    """A page; `title` and `body` are HTML, `refreshed` has the browser ask for it again every five seconds."""
    return _PAGE.format(title=title, body=body, style=style, refresh=_REFRESH if refreshed else "")


def shown(content: str) -> Response:
    """A page as it is answered."""
    return HTMLResponse(content, headers={"Content-Security-Policy": _POLICY, **SAFE})


def local_app(routes: Sequence[Route]) -> Starlette:
    """Those routes, and `/healthz`, for this machine alone."""
    return Starlette(
        routes=[*routes, Route("/healthz", _health)],
        # A page of another site, whose name was made to lead here, must not read them.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[LOOPBACK, "localhost"])],
    )


async def serve_locally(app: Starlette, port: int) -> None:
    """Until SIGTERM."""
    configuration = uvicorn.Config(app, host=LOOPBACK, port=port, access_log=False, log_level="warning", lifespan="off")
    await uvicorn.Server(configuration).serve()


async def _health(_: Request) -> Response:
    return JSONResponse({"status": "ok"})
