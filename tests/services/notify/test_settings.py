"""What notify is told, and what it answers to what it cannot use."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.notify.settings import SmtpServer, sender, smtp_server
from tests.services.notify.conftest import Told


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail", ("mail", 25, False, None)),
        ("smtp://127.0.0.1:8127", ("127.0.0.1", 8127, False, None)),
        ("smtps://mail.example", ("mail.example", 465, True, None)),
        ("smtps://agent%40x:p%3Aw@mail:2465/", ("mail", 2465, True, "agent@x")),
    ],
)
def test_a_server_is_read_from_its_url(url: str, server: tuple[Any, ...]) -> None:
    found = smtp_server(url)
    assert (found.host, found.port, found.tls, found.username) == server


def test_a_password_is_read_and_never_shown() -> None:
    found = smtp_server("smtp://agent:p%3Aw@mail")
    assert found.password is not None
    assert found.password.get_secret_value() == "p:w"
    assert "p:w" not in repr(found)
    assert isinstance(found, SmtpServer)


@pytest.mark.parametrize(
    "wrong",
    ["mail:25", "http://mail", "smtp://", "smtp://agent@mail", "smtp://:secret@mail:x", "smtp://a:secret@m:99999"],
)
def test_a_malformed_server_stops_the_service_without_a_word_of_it(told_notify: Told, wrong: str) -> None:
    with pytest.raises(ValidationError) as caught:
        told_notify(smtp_url=wrong)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ("no@x.example", "", "no@x.example"),
        ("infoParquet <no@x.example>", "infoParquet", "no@x.example"),
        ("Préfecture <no@x.example>", "Préfecture", "no@x.example"),
    ],
)
def test_a_sender_is_read(written: str, name: str, address: str) -> None:
    found = sender(written)
    assert (found.display_name, found.addr_spec) == (name, address)


@pytest.mark.parametrize("wrong", ["", "x", "A <x>", "A <a@b.fr", "A\n <a@b.fr>", "<a@b.fr> B"])
def test_a_malformed_sender_stops_the_service(told_notify: Told, wrong: str) -> None:
    with pytest.raises(ValidationError):
        told_notify(mail_from=wrong)
