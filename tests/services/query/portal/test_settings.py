"""What the portal is told: an address that browsers protect, and the services it speaks to."""

from typing import Any

import pytest
from pydantic import ValidationError

from reference import default_url
from services.query.portal.cookies import Cookies
from services.query.settings import QuerySettings

TOLD: dict[str, Any] = {
    "listen": "127.0.0.1:9",
    "kafka_bootstrap": "127.0.0.1:9",
    "database_url": "postgresql://db/query",
    "oidc_issuer": "https://issuer.example",
    "reference_url": default_url(),
}
BESIDE = {f"{name}_url": f"http://{name}:8101" for name in ("intake", "numbering", "routing", "notify")}


def told(**more: Any) -> QuerySettings:
    return QuerySettings(**TOLD, **more)


def test_without_an_address_there_is_no_portal() -> None:
    assert told().portal is None


@pytest.mark.parametrize("url", ["https://infoparquet.example", "http://127.0.0.1:8105/", "http://localhost:8105"])
def test_an_origin_that_browsers_protect_is_taken(url: str) -> None:
    portal = told(public_url=url, **BESIDE).portal
    assert portal is not None
    assert portal.public_url == url.rstrip("/")


@pytest.mark.parametrize(
    "url", ["http://infoparquet.example", "https://infoparquet.example/portail", "https://a@infoparquet.example", "x"]
)
def test_another_address_is_refused_by_its_name(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        told(public_url=url, **BESIDE)
    assert ("public_url",) in [error["loc"] for error in refused.value.errors()]


@pytest.mark.parametrize("missing", BESIDE)
def test_a_portal_that_cannot_speak_to_a_service_is_refused_by_its_name(missing: str) -> None:
    with pytest.raises(ValidationError) as refused:
        told(public_url="https://infoparquet.example", **{name: url for name, url in BESIDE.items() if name != missing})
    assert [error["loc"] for error in refused.value.errors()] == [(missing,)]


def test_an_address_of_traces_says_where_their_ids_go() -> None:
    assert told(traces_url="https://traces.example/trace/{trace}").traces_url is not None
    with pytest.raises(ValidationError) as refused:
        told(traces_url="https://traces.example")
    assert [error["loc"] for error in refused.value.errors()] == [("traces_url",)]


def test_over_https_no_other_host_of_the_domain_can_set_the_cookies() -> None:
    assert Cookies.of("https://infoparquet.example").secure
    assert not Cookies.of("http://127.0.0.1:8105").secure
