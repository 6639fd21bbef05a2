"""Catches the mails of one machine and shows them: SMTP in, pages and JSON out. Development only.

`python -m deploy.local.mail --smtp-port P --port Q`, on 127.0.0.1. Mails are kept in memory, the last thousand: they
carry names and addresses, of which nothing stays behind when the stack stops.
"""

import argparse
import asyncio

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from deploy.local.mail_page import list_page, mail_page
from deploy.local.mailbox import Caught, Mailbox, listen
from deploy.local.pages import LOOPBACK, SAFE, local_app, serve_locally, shown

# A mail is shown in a frame that may do nothing.
_A_MAIL_S = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'self'"


def build_app(mailbox: Mailbox) -> Starlette:
    """The pages and the JSON."""
    pages = _Pages(mailbox)
    return local_app(
        [
            Route("/", pages.index),
            Route("/mails.json", pages.listing),
            Route("/mails/{id:int}", pages.one),
            Route("/mails/{id:int}/html", pages.html),
            Route("/mails/{id:int}/raw", pages.raw),
        ]
    )


class _Pages:
    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def index(self, _: Request) -> Response:
        return shown(list_page(self._mailbox.newest_first(), self._mailbox.count))

    async def listing(self, request: Request) -> Response:
        since = request.query_params.get("since", "0")
        if not since.isascii() or not since.isdecimal() or len(since) > 18:
            raise HTTPException(400, "since: a number")
        mails = [mail.as_json() for mail in self._mailbox.after(int(since))]
        return JSONResponse({"count": self._mailbox.count, "mails": mails})

    async def one(self, request: Request) -> Response:
        return shown(mail_page(self._mail(request)))

    async def html(self, request: Request) -> Response:
        mail = self._mail(request)
        return HTMLResponse(mail.html or "", headers={"Content-Security-Policy": _A_MAIL_S, **SAFE})

    async def raw(self, request: Request) -> Response:
        return PlainTextResponse(self._mail(request).raw.decode(errors="replace"), headers=SAFE)

    def _mail(self, request: Request) -> Caught:
        mail = self._mailbox.get(request.path_params["id"])
        if mail is None:
            raise HTTPException(404, "Ce courriel n’est pas là, ou plus là.")
        return mail


async def serve(smtp_port: int, port: int) -> None:
    """Until SIGTERM."""
    mailbox = Mailbox()
    catching = await listen(mailbox, LOOPBACK, smtp_port)
    async with catching:
        await serve_locally(build_app(mailbox), port)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.mail", description=__doc__)
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    asyncio.run(serve(options.smtp_port, options.port))


if __name__ == "__main__":
    main()
