"""A setting that is missing or malformed stops the service by its name, says so in French, and shows what would do."""

import os
from typing import Any

import pytest

from chassis.settings import PREFIX, Settings, SettingsError, read_settings
from services.intake.settings import IntakeSettings
from services.numbering.settings import NumberingSettings
from services.query.settings import QuerySettings
from services.routing.settings import RoutingSettings

MODELS: list[type[Settings]] = [IntakeSettings, NumberingSettings, RoutingSettings, QuerySettings]
REQUIRED = [(model, name) for model in MODELS for name, field in model.model_fields.items() if field.is_required()]
MALFORMED = [
    ("listen", "8101"),
    ("listen", "127.0.0.1:99999"),
    ("kafka_bootstrap", "kafka-1"),
    ("kafka_bootstrap", "kafka-1:9092, kafka-2:9092"),
    ("kafka_security_protocol", "TLS"),
    ("kafka_sasl_mechanism", "SCRAM"),
    ("database_url", "mysql://intake:hunter2@db/intake"),
    ("reference_url", "https://reference.example"),
    ("oidc_issuer", "issuer.example"),
    ("oidc_audience", ""),
]
ENGLISH = ("should", "Input", "match", "required")


def name_of(setting: Any) -> str:
    return setting if isinstance(setting, str) else setting.__name__


def examples(model: type[Settings]) -> dict[str, str]:
    """An environment made of the examples of what must be set."""
    return {
        f"{PREFIX}{name.upper()}": str((field.examples or [""])[0])
        for name, field in model.model_fields.items()
        if field.is_required()
    }


def read(monkeypatch: pytest.MonkeyPatch, model: type[Settings], environment: dict[str, str]) -> Settings:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return read_settings(model)


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_the_examples_are_good_settings(monkeypatch: pytest.MonkeyPatch, model: type[Settings]) -> None:
    assert isinstance(read(monkeypatch, model, examples(model)), model)


@pytest.mark.parametrize(("model", "setting"), REQUIRED, ids=name_of)
def test_a_missing_setting_is_named_with_an_example(
    monkeypatch: pytest.MonkeyPatch, model: type[Settings], setting: str
) -> None:
    environment = examples(model)
    example = environment.pop(PREFIX + setting.upper())
    with pytest.raises(SettingsError) as caught:
        read(monkeypatch, model, environment)
    assert caught.value.problems == [f"{PREFIX}{setting.upper()} est absente ; exemple : {example}"]


@pytest.mark.parametrize(("setting", "value"), MALFORMED)
def test_a_malformed_setting_is_named_with_an_example_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, setting: str, value: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        read(monkeypatch, Settings, examples(Settings) | {PREFIX + setting.upper(): value})
    (problem,) = caught.value.problems
    assert problem.startswith(f"{PREFIX}{setting.upper()} est mal formée")
    assert "exemple : " in problem
    assert "hunter2" not in problem
    assert not [word for word in ENGLISH if word in problem], "an agent who starts a service reads French"


@pytest.mark.parametrize("url", ["clamd:3310", "http://clamd:3310", "tcp://clamd", "tcp://clamd:0", "unix://clamd.ctl"])
def test_a_malformed_scanner_is_named_with_what_is_expected(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(monkeypatch, IntakeSettings, examples(IntakeSettings) | {f"{PREFIX}SCANNER_URL": url})
    (problem,) = caught.value.problems
    assert problem.startswith(f"{PREFIX}SCANNER_URL est mal formée (")
    assert "tcp://hôte:port ou unix:///chemin" in problem or "Un port va de 1 à 65535" in problem
    assert problem.endswith("; exemple : tcp://clamd:3310 ; exemple : unix:///run/clamav/clamd.ctl")


@pytest.mark.parametrize("url", ["s3:", "s3://", "/srv/infoparquet/objects", "file://srv", "https://objects.example"])
def test_a_malformed_object_store_is_named_with_an_example(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(monkeypatch, IntakeSettings, examples(IntakeSettings) | {f"{PREFIX}OBJECT_STORE_URL": url})
    (problem,) = caught.value.problems
    assert problem.startswith(f"{PREFIX}OBJECT_STORE_URL est mal formée")
    assert problem.endswith("; exemple : file:///srv/infoparquet/objects")


def test_every_setting_at_fault_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError) as caught:
        read(monkeypatch, Settings, {})
    assert len(caught.value.problems) == len(examples(Settings))


def test_the_address_to_listen_on_may_be_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch, Settings, examples(Settings) | {f"{PREFIX}LISTEN": "[::1]:8101"})
    assert settings.address == ("::1", 8101)
