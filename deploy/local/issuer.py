"""A real OpenID Connect issuer for one machine, where one chooses who to be instead of proving it: development only.

`python -m deploy.local.issuer --data DIR --port P`, on 127.0.0.1.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import uvicorn
from authlib.oauth2 import OAuth2Error  # type: ignore[import-untyped]  # no type information published
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from deploy.local.identities import Organisation, organisations
from deploy.local.issuer_page import choice_page, read_choice, refusal_page
from deploy.local.oauth_server import LOOPBACK, OAuthServer, PlainRequest, is_loopback
from deploy.local.tokens import ALGORITHM, TokenMaker


def build_app(maker: TokenMaker, known: Sequence[Organisation]) -> Starlette:
    """The whole issuer."""
    endpoints = _Endpoints(maker, known)
    return Starlette(
        routes=[
            Route("/.well-known/openid-configuration", endpoints.discovery),
            Route("/jwks.json", endpoints.keys),
            Route("/token", endpoints.token, methods=["POST"]),
            Route("/authorize", endpoints.authorize, methods=["GET", "POST"]),
            Route("/logout", endpoints.logout),
            Route("/healthz", endpoints.health),
        ],
        # A page that runs on this machine may ask for its token from its own port.
        middleware=[Middleware(CORSMiddleware, allow_origin_regex=LOOPBACK, allow_methods=["*"], allow_headers=["*"])],
        exception_handlers={ValueError: _not_understood},
    )


class _Endpoints:
    def __init__(self, maker: TokenMaker, known: Sequence[Organisation]) -> None:
        self._maker = maker
        self._known = known
        self._server = OAuthServer(maker)

    async def discovery(self, _: Request) -> Response:
        url = self._maker.issuer
        return JSONResponse(
            {
                "issuer": url,
                "authorization_endpoint": f"{url}/authorize",
                "token_endpoint": f"{url}/token",
                "jwks_uri": f"{url}/jwks.json",
                "end_session_endpoint": f"{url}/logout",
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code", "client_credentials"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [ALGORITHM],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "none"],
                "code_challenge_methods_supported": ["S256"],
                "scopes_supported": ["openid"],
                "claims_supported": ["sub", "iss", "aud", "exp", "iat", "organisation", "roles"],
            }
        )

    async def keys(self, _: Request) -> Response:
        return JSONResponse(self._maker.keys)

    async def health(self, _: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def token(self, request: Request) -> Response:
        response: Response = self._server.create_token_response(await _received(request, await request.body()))
        return response

    async def authorize(self, request: Request) -> Response:
        # The page sends the choice to its own address, so the parameters of the request are still there.
        asked = await _received(request, request.url.query.encode())
        try:
            grant = self._server.get_consent_grant(asked, None)
        except OAuth2Error as error:
            return _refused(self._server, asked, error)
        if request.method == "GET":
            return HTMLResponse(choice_page(self._known))
        chosen = read_choice(dict(parse_qsl((await request.body()).decode(errors="replace"))), self._known)
        if chosen is None:
            return HTMLResponse(choice_page(self._known, unknown=True), 400)
        response: Response = self._server.create_authorization_response(asked, chosen, grant)
        return response

    async def logout(self, request: Request) -> Response:
        """OpenID Connect RP-Initiated Logout: nothing is kept here of who signed in, so the person only goes back."""
        address = request.query_params.get("post_logout_redirect_uri", "")
        if not is_loopback(address):
            return HTMLResponse(refusal_page("l’adresse de retour n’est pas de cette machine"), 400)
        state = request.query_params.get("state")
        return RedirectResponse(address + (f"?{urlencode({'state': state})}" if state else ""), 303)


async def _not_understood(_: Request, __: Exception) -> Response:
    # Authlib raises this when what was sent holds characters that its own refusal may not repeat.
    return JSONResponse({"error": "invalid_request"}, 400)


async def _received(request: Request, fields: bytes) -> PlainRequest:
    pairs = parse_qsl(fields.decode(errors="replace"), keep_blank_values=True)
    return PlainRequest(request.method, str(request.url), request.headers, pairs)


def _refused(server: OAuthServer, asked: PlainRequest, error: OAuth2Error) -> Response:
    # To the program when its address is known to be its own, else to the person: never to an address that was made up.
    if error.redirect_uri:
        response: Response = server.handle_error_response(asked, error)
        return response
    return HTMLResponse(refusal_page(error.description or error.error), 400)


def main() -> None:
    """Serves until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.issuer", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    maker = TokenMaker.open(options.data, f"http://127.0.0.1:{options.port}")
    app = build_app(maker, organisations())
    uvicorn.run(app, host="127.0.0.1", port=options.port, access_log=False, log_level="warning", lifespan="off")


if __name__ == "__main__":
    main()
