"""The development issuer, asked as any OpenID Connect client would."""

import base64
import hashlib
import os
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import KeySet

from deploy.local.failures import WrongUseError
from deploy.local.http_process import HttpProcess
from deploy.local.identities import organisations
from deploy.local.ports import free_ports
from deploy.local.tokens import TokenMaker
from reference import default_url, load

pytestmark = pytest.mark.asyncio(loop_scope="module")
CALLBACK = "http://127.0.0.1:8105/callback"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-long"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
BORDEAUX_CLERK = "Tribunal judiciaire de Bordeaux (tribunal:tj33063), greffe"
ASKED = {
    "response_type": "code",
    "client_id": "portal",
    "redirect_uri": CALLBACK,
    "state": "xyz",
    "scope": "openid",
    "nonce": "n-1",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def an_issuer(folder: Path, port: int) -> HttpProcess:
    command = [sys.executable, "-m", "deploy.local.issuer", "--data", str(folder), "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    return HttpProcess("issuer", command, url=url, log=folder / "issuer.log", environment=os.environ)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def issuer(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HttpProcess]:
    async with an_issuer(tmp_path_factory.mktemp("issuer"), *free_ports(1)) as running:
        yield running


@pytest.fixture
def maker(issuer: HttpProcess) -> TokenMaker:
    return TokenMaker.open(issuer.log.parent, issuer.url)


@pytest_asyncio.fixture(loop_scope="module")
async def browser(issuer: HttpProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=issuer.url, trust_env=False) as client:
        yield client


async def claims_of(browser: httpx.AsyncClient, token: str) -> dict[str, object]:
    """As a service reads a token: by what the issuer publishes alone."""
    discovery = (await browser.get("/.well-known/openid-configuration")).json()
    keys = KeySet.import_key_set((await browser.get(discovery["jwks_uri"])).json())
    decoded = jwt.decode(token, keys, algorithms=["ES256"])
    rules = jwt.JWTClaimsRegistry(iss={"essential": True, "value": discovery["issuer"]}, exp={"essential": True})
    rules.validate(decoded.claims)
    return dict(decoded.claims)


async def sign_in(browser: httpx.AsyncClient, who: str = BORDEAUX_CLERK, **asked: str) -> httpx.Response:
    return await browser.post("/authorize", params=ASKED | asked, data={"who": who})


async def exchange(browser: httpx.AsyncClient, signed_in: httpx.Response, **given: str) -> httpx.Response:
    (code,) = parse_qs(urlsplit(signed_in.headers["location"]).query)["code"]
    form = {
        "grant_type": "authorization_code",
        "client_id": "portal",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    return await browser.post("/token", data=form | given)


async def test_a_service_gets_a_token_for_its_secret(browser: httpx.AsyncClient, maker: TokenMaker) -> None:
    secret = maker.clients["service.routing"]
    answer = await browser.post("/token", data={"grant_type": "client_credentials"}, auth=("service.routing", secret))
    claims = await claims_of(browser, answer.json()["access_token"])
    assert (claims["aud"], claims["organisation"], claims["roles"]) == ("infoparquet", "service:routing", ["service"])
    assert {"sub", "iat", "exp", "jti"} <= claims.keys()


async def test_a_wrong_secret_is_refused(browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/token", data={"grant_type": "client_credentials"}, auth=("service.routing", "wrong"))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_a_person_chooses_who_to_be_and_gets_tokens_for_it(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/authorize", params=ASKED)
    assert BORDEAUX_CLERK in page.text
    signed_in = await sign_in(browser)
    assert signed_in.headers["location"].startswith(f"{CALLBACK}?code=")
    assert parse_qs(urlsplit(signed_in.headers["location"]).query)["state"] == ["xyz"]
    tokens = (await exchange(browser, signed_in)).json()
    claims = await claims_of(browser, tokens["access_token"])
    assert (claims["organisation"], claims["roles"]) == ("tribunal:tj33063", ["clerk"])
    identity = await claims_of(browser, tokens["id_token"])
    assert (identity["aud"], identity["nonce"], identity["sub"]) == (["portal"], "n-1", claims["sub"])


async def test_a_code_is_good_once(browser: httpx.AsyncClient) -> None:
    signed_in = await sign_in(browser)
    assert (await exchange(browser, signed_in)).status_code == 200
    assert (await exchange(browser, signed_in)).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("verifier", ["another-verifier-of-at-least-forty-three-characters", ""])
async def test_a_stolen_code_is_worth_nothing_without_its_verifier(browser: httpx.AsyncClient, verifier: str) -> None:
    answer = await exchange(browser, await sign_in(browser), code_verifier=verifier)
    assert answer.status_code == 400
    assert "access_token" not in answer.json()


async def test_a_request_without_a_challenge_gets_no_token(browser: httpx.AsyncClient) -> None:
    asked = {name: value for name, value in ASKED.items() if not name.startswith("code_challenge")}
    signed_in = await browser.post("/authorize", params=asked, data={"who": BORDEAUX_CLERK})
    assert (await exchange(browser, signed_in)).status_code == 400


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example/",
        "http://127.0.0.1.elsewhere.example:80/",
        "http://127.0.0.1:80\\@elsewhere.example/",
        "",
    ],
)
async def test_a_code_is_never_sent_to_another_machine(browser: httpx.AsyncClient, address: str) -> None:
    answer = await sign_in(browser, redirect_uri=address)
    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_a_choice_that_is_not_in_the_list_is_asked_again(browser: httpx.AsyncClient) -> None:
    answer = await sign_in(browser, who="<script>")
    assert answer.status_code == 400
    assert "choisissez l’une de ses lignes" in answer.text
    assert "<script>" not in answer.text


async def test_tokens_and_secrets_stay_good_when_it_starts_again(
    browser: httpx.AsyncClient, issuer: HttpProcess, maker: TokenMaker
) -> None:
    token = maker.mint("administration:dreal-33")
    await issuer.kill()
    await issuer.start()
    claims = await claims_of(browser, token)
    assert (claims["organisation"], claims["roles"]) == ("administration:dreal-33", ["agent", "manager"])
    assert TokenMaker.open(issuer.log.parent, issuer.url).clients == maker.clients


async def test_every_court_and_every_administration_of_the_samples_is_there() -> None:
    names = {one.name for one in organisations()}
    assert {f"tribunal:{code}" for code in load(default_url()).courts} <= names
    assert {"tribunal:tj97502", "tribunal:pnf", "operator", "administration:dreal-33"} <= names


async def test_its_secrets_can_be_read_by_their_owner_alone(issuer: HttpProcess) -> None:
    folder = issuer.log.parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("key.json", "clients.json"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("organisation", ["tribunal:bordeaux", "administration:", "somebody", "service:other"])
async def test_no_token_is_made_for_what_is_no_organisation(maker: TokenMaker, organisation: str) -> None:
    with pytest.raises(WrongUseError):
        maker.mint(organisation)


async def test_no_token_is_made_for_a_role_of_another_kind(maker: TokenMaker) -> None:
    with pytest.raises(WrongUseError, match="clerk, prosecutor"):
        maker.mint("tribunal:tj33063", roles=["agent"])


async def test_whoever_signs_out_goes_back_and_never_to_another_machine(browser: httpx.AsyncClient) -> None:
    endpoint = (await browser.get("/.well-known/openid-configuration")).json()["end_session_endpoint"]
    given = {"post_logout_redirect_uri": "http://127.0.0.1:8105/", "state": "s"}
    left = await browser.get(endpoint, params=given)
    assert (left.status_code, left.headers["location"]) == (303, "http://127.0.0.1:8105/?state=s")
    for address in ("https://elsewhere.example/", "//elsewhere.example", ""):
        refused = await browser.get(endpoint, params={"post_logout_redirect_uri": address})
        assert (refused.status_code, "location" in refused.headers) == (400, False)
