"""What `infoparquet up` is asked for, and what it answers to what it cannot do."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import assemble
from deploy.local.failures import WrongUseError
from deploy.local.options import SERVICES, Options, read_only, read_replicas


def test_ports_are_where_the_interfaces_say() -> None:
    options = Options(port_base=8100, replicas={"numbering": 3})
    assert [options.service_ports(name) for name in SERVICES] == [[8101], [8102, 8132, 8142], [8103], [8104], [8105]]


def test_no_port_is_used_twice_whatever_the_replicas() -> None:
    options = Options(port_base=8100, replicas=dict.fromkeys(SERVICES, 7))
    others = {8100 + place for place in (10, 11, 25, 26, 27, *range(90, 96))}
    ports = [port for name in SERVICES for port in options.service_ports(name)]
    assert len(set(ports) | others) == len(ports) + len(others)


def test_only_some_services_run_in_the_order_of_the_road() -> None:
    assert Options(only=read_only("query, intake")).services == ["intake", "query"]


def test_replicas_are_read_from_words() -> None:
    assert read_replicas(["numbering=2", "query=3"]) == {"numbering": 2, "query": 3}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--broker", "apache:5"], "--broker apache:5 ne convient pas"),
        (["--broker", "rabbit"], "auto, apache, apache:3, light ou une adresse"),
        (["--database", "mysql://root:secret@db/x"], "postgresql://"),
        (["--only", "intake,mail"], "--only mail ne convient pas"),
        (["--replicas", "numbering"], "SERVICE=NOMBRE"),
        (["--replicas", "numbering=9"], "1 à 7"),
        (["--only", "intake", "--replicas", "query=2"], "--replicas query=2"),
        (["--port-base", "65500"], "--port-base 65500"),
    ],
)
def test_wrong_use_is_exit_code_2_and_says_what_was_expected(words: list[str], said: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(assemble(["up"]), ["up", "--data", str(tmp_path / "data"), *words])
    assert result.exit_code == 2
    assert said in result.stderr
    assert "secret" not in result.stderr
    assert not (tmp_path / "data").exists(), "nothing was begun"


def test_a_folder_that_cannot_be_made_is_exit_code_1_and_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(assemble(["up"]), ["up", "--data", str(tmp_path / "file" / "data")])
    assert result.exit_code == 1
    assert "En choisir un autre par --data." in result.stderr


def test_options_are_checked_wherever_they_come_from() -> None:
    with pytest.raises(WrongUseError):
        Options(broker="apache:5")
