"""What a mail is: the same at every try, one thread a procedure, and nothing in it that somebody else chose."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from infoparquet_contracts.codes import Orientation
from infoparquet_contracts.facts import Decided, DocumentInfected, Numbered
from infoparquet_contracts.payload import Payload

from reference import default_url, load
from reference.names import Names
from services.notify.addresses import on_one_line, parse
from services.notify.letter import TOLD, Subject, moment, write
from services.notify.mail import Envelope, Stationery
from services.notify.settings import sender
from tests.builders import NOON
from tests.services.notify import facts

PROCEDURE = UUID("0192f0c1-0000-7000-8000-000000000001")
DELIVERY = UUID("0192f0c1-0000-7000-8000-0000000000aa")
ABOUT = Subject(PROCEDURE, "DREAL33-2026-00042", facts.NUMBER)
NAMES = Names(load(default_url()).courts)
STATIONERY = Stationery(sender("infoParquet <ne-pas-repondre@infoparquet.example>"))
EVERY = [
    facts.numbered(PROCEDURE).data,
    facts.acknowledged(PROCEDURE).data,
    facts.supplement_requested(PROCEDURE).data,
    facts.dismissed(PROCEDURE).data,
    facts.infected(PROCEDURE).data,
]
SUPPLEMENT = UUID("0192f0c1-0000-7000-8000-0000000000bb")


def on_the_wire(
    data: Payload = EVERY[0],
    *,
    name: str = "Alix Modèle",
    delivery: UUID = DELIVERY,
    about: Subject = ABOUT,
    public_url: str | None = "https://infoparquet.example",
    stationery: Stationery = STATIONERY,
) -> bytes:
    """As it goes over the wire."""
    recipient = parse("alix@dreal.example", name)
    assert recipient is not None
    letter = write(data, NOON, about, NAMES, public_url)
    composed = stationery.compose(letter, Envelope(delivery, recipient, NOON, data.fact, about))
    return composed.as_bytes()


def a_mail(*given: Any, **more: Any) -> EmailMessage:
    """As whoever receives it reads it."""
    message: Any = message_from_bytes(on_the_wire(*given, **more), policy=SMTP)
    return message


def parts(mail: EmailMessage) -> tuple[str, str]:
    """Its text and its HTML."""
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    return text.get_content(), html.get_content()


def test_every_fact_that_is_told_has_its_words() -> None:
    assert {type(data) for data in EVERY} == TOLD


@pytest.mark.parametrize("data", EVERY, ids=lambda data: data.fact)
def test_number_reference_and_time_are_in_text_and_html_and_the_number_in_the_subject(data: Payload) -> None:
    mail = a_mail(data)
    assert facts.NUMBER in mail["Subject"]
    for part in parts(mail):
        flat = " ".join(part.split())
        for words in (facts.NUMBER, ABOUT.reference, "lundi 23 novembre 2026 à 13 h 00 (heure de Paris)"):
            assert words in flat
        assert f"https://infoparquet.example/procedures/{PROCEDURE}" in flat
        if not isinstance(data, Numbered | DocumentInfected):
            assert "ribunal judiciaire de Bordeaux" in flat


def test_what_is_asked_and_what_was_decided_are_said_in_words() -> None:
    for part in parts(a_mail(EVERY[2])):
        assert "Photographies ou plans" in part
        assert "Signature de l’agent" in part
    for part in parts(a_mail(EVERY[3])):
        assert "Classement sans suite" in part
        assert "Infraction insuffisamment caractérisée" in part
        assert "40-3" in part


def test_a_prosecution_has_no_ground_and_no_appeal() -> None:
    data = EVERY[3]
    assert isinstance(data, Decided)
    for part in parts(a_mail(data.model_copy(update={"orientation": Orientation.PROSECUTION, "ground": None}))):
        assert "Motif" not in part
        assert "40-3" not in part


@pytest.mark.parametrize(
    ("supplement", "where"),
    [(None, "une pièce de votre procédure"), (SUPPLEMENT, "une pièce d’un complément de votre procédure")],
    ids=["of the procedure", "of a supplement"],
)
def test_an_infected_document_is_named_by_its_id_with_what_to_do(supplement: UUID | None, where: str) -> None:
    data = facts.infected(PROCEDURE, supplement).data
    mail = a_mail(data)
    assert mail["Subject"] == f"Procédure {facts.NUMBER} : pièce infectée, non remise au tribunal"
    for part in parts(mail):
        flat = " ".join(part.split())
        for words in (
            str(data.document),
            where,
            "ne sera pas remise au tribunal",
            "en complément une copie saine",
        ):
            assert words in flat
        assert (str(SUPPLEMENT) in flat) is (supplement is not None)


def test_an_infected_document_is_told_before_there_is_a_number() -> None:
    mail = a_mail(EVERY[4], about=Subject(PROCEDURE, "DREAL33-1", None))
    assert mail["Subject"] == "Procédure DREAL33-1 : pièce infectée, non remise au tribunal"
    for part in parts(mail):
        assert "None" not in part
        assert "Identifiant du complément" not in part


def test_the_same_delivery_is_the_same_message_at_every_try() -> None:
    assert on_the_wire() == on_the_wire()


@pytest.mark.parametrize("domain", ["x.fr", f"{'a' * 60}.{'b' * 60}.example"])
def test_the_mails_of_a_procedure_are_one_thread_whatever_the_sender_s_domain(domain: str) -> None:
    stationery = Stationery(sender(f"infoParquet <no@{domain}>"))
    first = a_mail(stationery=stationery)
    second = a_mail(EVERY[1], delivery=UUID(int=7), stationery=stationery)
    assert first["Message-ID"] == f"<{DELIVERY.hex}@{domain}>"
    assert first["Message-ID"] != second["Message-ID"]
    root = f"<{PROCEDURE.hex}@{domain}>"
    assert {mail[name] for mail in (first, second) for name in ("References", "In-Reply-To")} == {root}
    assert b"=?" not in on_the_wire(stationery=stationery).split(b"In-Reply-To:")[1].split(b"Auto-Submitted")[0]


def test_it_says_that_no_person_wrote_it_and_when() -> None:
    mail = a_mail()
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == NOON
    assert mail["Content-Language"] == "fr"


@pytest.mark.parametrize(
    "name",
    [
        "Alix\r\nBcc: tous@example.fr",
        "Alix\nSubject: autre",
        'Alix" <a@b.fr>, "B',
        "<script>alert(1)</script>",
        "\u202eegassem",
        "=?utf-8?q?Bcc=3A?=",
        "é" * 5000,
        "{{ letter }}",
        "",
        "\x00",
    ],
)
def test_a_name_can_be_nothing_but_a_name(name: str) -> None:
    only_one_mail_to_alix(a_mail(name=name))


@settings(deadline=None)
@given(st.text(max_size=300))
def test_no_name_whatever_makes_a_header_or_markup(name: str) -> None:
    only_one_mail_to_alix(a_mail(name=name))


def only_one_mail_to_alix(mail: EmailMessage) -> None:
    usual = a_mail()
    assert mail.keys() == usual.keys()
    assert [one.addr_spec for one in mail["To"].addresses] == ["alix@dreal.example"]
    assert mail["Subject"] == usual["Subject"]
    assert len(mail.defects) == 0
    text, html = parts(mail)
    assert html.count("<") == parts(usual)[1].count("<")
    assert max(len(line) for line in text.splitlines()) < 200


def test_there_is_nothing_remote_in_the_html_and_no_link_without_a_public_address() -> None:
    for data in EVERY:
        text, html = parts(a_mail(data, public_url=None))
        assert "http" not in text + html
        assert "src=" not in html + parts(a_mail(data))[1]
        assert "url(" not in html


def test_a_fact_before_the_number_is_told_by_the_reference() -> None:
    mail = a_mail(EVERY[1], about=Subject(PROCEDURE, "DREAL33-1", None))
    assert "DREAL33-1" in mail["Subject"]
    assert "None" not in "".join(parts(mail))


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (datetime(2026, 3, 29, 1, 5, tzinfo=UTC), "dimanche 29 mars 2026 à 3\u00a0h\u00a005 (heure de Paris)"),
        (datetime(2026, 12, 31, 23, 30, tzinfo=UTC), "vendredi 1er janvier 2027 à 0\u00a0h\u00a030 (heure de Paris)"),
    ],
)
def test_times_are_those_of_paris(at: datetime, said: str) -> None:
    assert moment(at) == said


@pytest.mark.parametrize(
    "good", ["a@b.fr", "zoé@b.fr", "a+b@sous.préfecture.example", "O'Neil@b.fr", "a" * 64 + "@b.fr"]
)
def test_an_address_that_can_be_written_to_is_one(good: str) -> None:
    assert parse(good) is not None


@pytest.mark.parametrize(
    "bad",
    [
        "", "a", "@", "a@b", "a@", "@b.fr", "a b@c.fr", "a@b.fr\r\nBcc: c@d.fr", "a@b.fr>", "<a@b.fr", "a,b@c.fr",
        '"a"@b.fr', "a@[127.0.0.1]", "a@b..fr", "a@b.fr\x00", "a..b@c.fr", ".a@c.fr", "a@b.fr, c@d.fr",
        "a" * 65 + "@b.fr", "a@" + "b" * 64 + ".fr", "a@" + "b." * 200 + "fr", "a\u202eb@c.fr", "a@b\u3002fr\n",
    ],
)  # fmt: skip
def test_what_could_be_more_than_an_address_is_none(bad: str) -> None:
    assert parse(bad) is None


@given(st.text())
def test_any_text_is_read_without_failing_and_what_is_read_is_on_one_line(text: str) -> None:
    for address in (parse(text), parse(f"{text}@example.fr"), parse(f"a@{text}.fr")):
        assert address is None or address.addr_spec.isprintable()
    assert on_one_line(text).isprintable()


@pytest.mark.parametrize(
    ("tribunal", "office"),
    [("tj33063", "Le parquet du tribunal judiciaire de Bordeaux"), ("pnf", "Le parquet national financier")],
)
def test_who_acts_is_the_prosecutors_office(tribunal: str, office: str) -> None:
    data = facts.acknowledged(PROCEDURE).data.model_copy(update={"tribunal": tribunal})
    assert write(data, NOON, ABOUT, NAMES, None).opening == f"{office} a pris en charge votre procédure."
