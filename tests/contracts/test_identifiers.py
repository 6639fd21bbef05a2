"""What each identifier's pattern takes and refuses, by examples from the field."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from infoparquet_contracts import identifiers
from pydantic import TypeAdapter, ValidationError

TAKEN = {
    "Reference": ["DREAL33-2026-00042", "A", "2026/12 bis_3.4", "x" * 64],
    "AdministrationCode": ["dreal-33", "urssaf", "mairie-33063"],
    "TribunalCode": ["tj33063", "tj75056", "tj2a004", "tj2b033", "tj97502", "tj98818", "pnf", "pnat", "pnaco"],
    "Organisation": ["administration:dreal-33", "tribunal:tj33063", "tribunal:pnf", "operator"],
    "CommuneCode": ["33063", "2A004", "97502", "01001"],
    "Natinf": ["7", "22587"],
    "Nataff": ["I", "I5", "I51"],
    "Number": ["2026-00000042-26", "2600000001H", "2612345678X"],
    "ParquetNumber": ["26327000045", "26/327/000045"],
    "SectionCode": ["A", "A1", "ECO2"],
    "RuleId": ["place-of-facts", "overseas.seat", "art-706-42"],
    "RuleSetVersion": ["2026-11-23", "2026-11-23.2", "2026-11-23.2+0a1b2c3d"],
    "LegalBasis": [
        "CPP art. 43",
        "CPP art. 43 et 706-42",
        "CPP art. 697 à 697-5",
        "CPP art. D47-5-1",
        "COJ art. L211-20; CPP art. D47-5-1",
        "CPP art. 706-75, 706-75-1",
        "CPP art. 43 al. 2",
    ],
    "Sha256": ["0f" * 32],
    "MediaType": ["application/pdf", "image/jpeg", "application/vnd.oasis.opendocument.text"],
    "Traceparent": [f"00-{'a1' * 16}-{'b2' * 8}-01"],
    "JsonPointer": ["", "/places/0/commune", "/headers/content-type"],
    "DossierUrl": [
        "http://127.0.0.1:8101/v1/dossiers/0192f0c1-0000-7000-8000-000000000001",
        "https://infoparquet.example.fr/api/v1/dossiers/0192f0c1-0000-7000-8000-000000000001",
        "http://[::1]:8101/v1/dossiers/0192f0c1-0000-7000-8000-000000000001",
    ],
}
REFUSED = {
    "Reference": ["", " A", "é", "x" * 65, "A\n", "A@B"],
    "AdministrationCode": ["", "DREAL-33", "dreal--33", "a" * 49, "dreal 33"],
    "TribunalCode": ["", "TJ33063", "tj3306", "tj330630", "tj2A004", "jirs", "tj33063\n"],
    "Organisation": ["dreal-33", "service:intake", "tribunal:bordeaux"],
    "CommuneCode": ["3306", "2a004", "AB001", "330633"],
    "Natinf": ["0", "022587", "225870", "N1"],
    "Nataff": ["i51", "I512", "51"],
    "Number": ["", "DUPONT", "2026 42", "26-DUPONT", "1" * 40],
    "ParquetNumber": ["DUPONT", "26", "26 327 000045"],
    "SectionCode": ["", "a1", "MARTIN", "A1 B"],
    "RuleId": ["Place", "place of facts", "-place", "a" * 65],
    "RuleSetVersion": ["1", "2026", "2026-11-23+local"],
    "LegalBasis": ["", "CPP", "art. 43", "CPP art. 43 car le prévenu réside ici", "CPP art. 43;"],
    "Sha256": ["0F" * 32, "0f" * 31],
    "MediaType": ["pdf", "Application/PDF", "application/pdf; name=dupont.pdf", "dupont/jean"],
    "Traceparent": ["01-", f"00-{'A1' * 16}-{'b2' * 8}-01"],
    "JsonPointer": ["places", "/Jean Dupont", "/" + "a" * 41],
    "DossierUrl": [
        "ftp://example.fr/v1/dossiers/0192f0c1-0000-7000-8000-000000000001",
        "https://example.fr/v1/dossiers/42",
        "https://example.fr/v1/dossiers/0192f0c1-0000-7000-8000-000000000001?nom=Dupont",
    ],
}


def adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(getattr(identifiers, name))


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in TAKEN.items() for text in texts])
def test_what_the_field_writes_is_taken(name: str, text: str) -> None:
    assert adapter(name).validate_python(text) == text


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in REFUSED.items() for text in texts])
def test_what_does_not_fit_is_refused(name: str, text: str) -> None:
    with pytest.raises(ValidationError):
        adapter(name).validate_python(text)


@pytest.mark.parametrize(
    ("name", "json"),
    [
        ("Uuid", '"0192F0C1-0000-7000-8000-000000000001"'),
        ("Uuid", '"{0192f0c1-0000-7000-8000-000000000001}"'),
        ("Uuid", '"0192f0c1000070008000000000000001"'),
        ("Day", '"1700006400"'),
        ("Day", "1700006400"),
        ("Day", '"2026-02-30"'),
        ("Time", '"1700006400"'),
        ("Time", "1700006400"),
        ("Time", '"2026-11-23T09:00:00"'),
        ("Time", '"2026-11-23 09:00:00Z"'),
        ("Size", '"5"'),
        ("Size", "5.0"),
        ("Size", "true"),
        ("Size", "-1"),
        ("Offset", str(2**63)),
    ],
)
def test_json_has_one_written_form_for_each_value(name: str, json: str) -> None:
    with pytest.raises(ValidationError):
        adapter(name).validate_json(json)


def test_a_time_is_brought_to_utc() -> None:
    paris = timezone(timedelta(hours=2))
    assert adapter("Time").validate_python(datetime(2026, 7, 1, 12, tzinfo=paris)).tzinfo == UTC
    with pytest.raises(ValidationError, match="years"):
        adapter("Time").validate_python(datetime(1, 1, 1, tzinfo=paris))
