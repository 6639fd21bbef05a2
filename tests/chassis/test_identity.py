"""A token is believed when its issuer signed it, for us, now, for an organisation; never for any other reason."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import RSAKey

from chassis.errors import Unavailable
from chassis.identity import SECONDS_BETWEEN_KEY_FETCHES, BadToken, Caller, Identity
from deploy.local.ports import free_ports
from tests.chassis.issuer import DISCOVERY, KEYS, NOW, Issuer, new_key, serving


@dataclass
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with serving() as one:
        yield one


@pytest.fixture(scope="module")
def known_issuer() -> Iterator[Issuer]:
    """One that changes nothing."""
    with serving() as one:
        yield one


@pytest.fixture(scope="module")
def settled(known_issuer: Issuer) -> Identity:
    """Asks for the keys once, as each asking takes a fifth of a second."""
    return Identity(known_issuer.url, "infoparquet", Clock())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def identity(issuer: Issuer, clock: Clock) -> Identity:
    return Identity(issuer.url, "infoparquet", clock)


def segment(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def unsigned(issuer: Issuer) -> str:
    _, claims, _ = issuer.token().split(".")
    return f"{segment({'alg': 'none'})}.{claims}."


def signed_with_the_public_key(issuer: Issuer) -> str:
    """As if the key everybody may read were a shared secret (CVE-2015-9235)."""
    _, claims, _ = issuer.token().split(".")
    content = f"{segment({'alg': 'HS256', 'kid': 'first'})}.{claims}"
    digest = hmac.new(issuer.public_key(), content.encode(), hashlib.sha256).digest()
    return f"{content}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def with_claims_of_another(issuer: Issuer) -> str:
    header, _, signature = issuer.token().split(".")
    _, claims, _ = issuer.token(organisation="operator", roles=["operator"]).split(".")
    return f"{header}.{claims}.{signature}"


BAD: dict[str, Callable[[Issuer], str]] = {
    "another issuer's": lambda issuer: issuer.token(iss="https://elsewhere.example"),
    "without issuer": lambda issuer: issuer.token(iss=None),
    "for another audience": lambda issuer: issuer.token(aud="elsewhere"),
    "for other audiences": lambda issuer: issuer.token(aud=["elsewhere", "infoparquets"]),
    "without audience": lambda issuer: issuer.token(aud=None),
    "expired": lambda issuer: issuer.token(exp=NOW - 60),
    "without end": lambda issuer: issuer.token(exp=None),
    "whose end is a word": lambda issuer: issuer.token(exp="never"),
    "not valid yet": lambda issuer: issuer.token(nbf=NOW + 60),
    "without subject": lambda issuer: issuer.token(sub=None),
    "not signed": unsigned,
    "signed with the public key as secret": signed_with_the_public_key,
    "signed by nobody we know": lambda issuer: issuer.token(key=new_key("second")),
    "signed by another under a known name": lambda issuer: issuer.token(key=new_key("first")),
    "with another token's claims": with_claims_of_another,
    "without organisation": lambda issuer: issuer.token(organisation=None),
    "of several organisations": lambda issuer: issuer.token(organisation=["operator"]),
    "of an unknown kind": lambda issuer: issuer.token(organisation="police:33"),
    "of an administration without code": lambda issuer: issuer.token(organisation="administration:"),
    "of a kind alone": lambda issuer: issuer.token(organisation="tribunal"),
    "of an operator with a code": lambda issuer: issuer.token(organisation="operator:tj33063"),
    "of an operator with a colon": lambda issuer: issuer.token(organisation="operator:"),
    "without roles": lambda issuer: issuer.token(roles=None),
    "whose roles are a word": lambda issuer: issuer.token(roles="operator"),
    "too long": lambda issuer: issuer.token(sub="x" * 10_000),
}


@pytest.mark.parametrize("made", BAD.values(), ids=BAD)
async def test_a_bad_token_is_refused(known_issuer: Issuer, settled: Identity, made: Callable[[Issuer], str]) -> None:
    with pytest.raises(BadToken):
        await settled.caller(made(known_issuer))


@pytest.mark.parametrize(
    ("organisation", "kind", "code"),
    [
        ("administration:dreal-33", "administration", "dreal-33"),
        ("tribunal:tj33063", "tribunal", "tj33063"),
        ("service:intake", "service", "intake"),
        ("operator", "operator", ""),
    ],
)
async def test_a_good_token_says_who_calls(
    known_issuer: Issuer, settled: Identity, organisation: str, kind: str, code: str
) -> None:
    caller = await settled.caller(known_issuer.token(organisation=organisation, roles=["agent", "manager"]))
    assert caller == Caller("agent-7", kind, code, frozenset({"agent", "manager"}))
    assert caller.organisation == organisation


async def test_a_token_for_several_audiences_is_good_if_we_are_among_them(
    known_issuer: Issuer, settled: Identity
) -> None:
    assert await settled.caller(known_issuer.token(aud=["elsewhere", "infoparquet"]))


async def test_an_rsa_key_is_as_good(issuer: Issuer, identity: Identity) -> None:
    issuer.keys = [RSAKey.generate_key(2048, parameters={"kid": "rsa"}, auto_kid=False)]
    assert await identity.caller(issuer.token())


async def test_a_token_is_forgotten_when_it_ends(issuer: Issuer, identity: Identity, clock: Clock) -> None:
    token = issuer.token(exp=NOW + 30)
    await identity.caller(token)
    clock.now = NOW + 60
    with pytest.raises(BadToken):
        await identity.caller(token)


async def test_no_text_is_a_failure(known_issuer: Issuer, settled: Identity) -> None:
    token = known_issuer.token()
    texts = st.one_of(
        st.text(max_size=60),
        st.lists(st.text("abAB09-_=é", max_size=12), min_size=2, max_size=5).map(".".join),
        st.tuples(st.integers(0, len(token) - 1), st.characters()).map(
            lambda change: token[: change[0]] + change[1] + token[change[0] + 1 :]
        ),
    )
    drawn: list[str] = []

    @given(texts)
    def draw(text: str) -> None:
        drawn.append(text)

    draw()
    for text in drawn:
        try:
            await settled.caller(text)
        except BadToken:
            continue
        assert text == token


async def test_a_new_key_is_asked_for_when_it_is_met(issuer: Issuer, identity: Identity, clock: Clock) -> None:
    await identity.caller(issuer.token())
    issuer.keys = [issuer.keys[0], new_key("second")]
    clock.now += SECONDS_BETWEEN_KEY_FETCHES + 1
    assert await identity.caller(issuer.token())


async def test_a_key_that_was_withdrawn_is_believed_no_more(issuer: Issuer, identity: Identity, clock: Clock) -> None:
    await identity.ready()
    old = issuer.keys[0]
    issuer.keys = [new_key("second")]
    clock.now += SECONDS_BETWEEN_KEY_FETCHES + 1
    await identity.caller(issuer.token())
    with pytest.raises(BadToken):
        await identity.caller(issuer.token(key=old))


async def test_forged_tokens_do_not_make_us_flood_the_issuer(issuer: Issuer, identity: Identity) -> None:
    for place in range(20):
        with pytest.raises(BadToken):
            await identity.caller(issuer.token(key=new_key(f"forged-{place}")))
    assert issuer.asked == [DISCOVERY, KEYS]


async def test_while_the_issuer_is_down_known_keys_serve_and_unknown_ones_are_unavailable(clock: Clock) -> None:
    (port,) = free_ports(1)
    early = Identity(f"http://127.0.0.1:{port}", "infoparquet", clock)
    with pytest.raises(Unavailable, match="issuer"):
        await early.ready()
    with serving(port) as issuer:
        token = issuer.token()
        await early.caller(token)
    clock.now += SECONDS_BETWEEN_KEY_FETCHES + 1
    assert await early.caller(issuer.token(sub="another"))
    with pytest.raises(BadToken):
        await early.caller(issuer.token(key=new_key("second")))


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        (DISCOVERY, 500, b"{}"),
        (DISCOVERY, 200, b"<html>"),
        (DISCOVERY, 200, b"[]"),
        (DISCOVERY, 200, b"null"),
        (DISCOVERY, 200, b"{}"),
        (DISCOVERY, 200, b'{"jwks_uri": null}'),
        (DISCOVERY, 200, b'{"jwks_uri": "http://[::1"}'),
        (DISCOVERY, 200, b'{"jwks_uri": "file:///etc/passwd"}'),
        (KEYS, 404, b"{}"),
        (KEYS, 200, b"\xff"),
        (KEYS, 200, b"[]"),
        (KEYS, 200, b"{}"),
        (KEYS, 200, b'{"keys": null}'),
        (KEYS, 200, b'{"keys": [{}]}'),
        (KEYS, 200, b'{"keys": [{"kty": "EC"}]}'),
        (KEYS, 200, b'{"keys": ["x"]}'),
    ],
)
async def test_an_issuer_that_answers_nonsense_is_unavailable(
    issuer: Issuer, identity: Identity, path: str, status: int, body: bytes
) -> None:
    issuer.answers[path] = (status, body)
    with pytest.raises(Unavailable, match="issuer"):
        await identity.ready()
    del issuer.answers[path]
    assert await identity.caller(issuer.token())


async def test_a_key_of_a_kind_we_do_not_know_does_not_cost_the_others(issuer: Issuer, identity: Identity) -> None:
    known = issuer.keys[0].as_dict(private=False)
    issuer.answers[KEYS] = (
        200,
        json.dumps({"keys": [{"kty": "AKP", "kid": "later", "alg": "ML-DSA-44"}, known]}).encode(),
    )
    assert await identity.caller(issuer.token())
