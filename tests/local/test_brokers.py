"""Which broker a data folder runs on, and how three nodes know each other again; nothing is started."""

from pathlib import Path

import pytest

from deploy.local.brokers import broker_ports, chosen_kind
from deploy.local.failures import StackError
from deploy.local.kafka_cluster import KafkaCluster
from deploy.local.options import Options

BEGUN = {"apache": "kafka/log", "apache:3": "kafka-1/log", "light": "light/data"}
PORTS = (9092, 9093, 9094), (9095, 9096, 9097)


@pytest.mark.parametrize(("kind", "places"), [("light", [90]), ("apache", [90, 93]), ("apache:3", [*range(90, 96)])])
def test_brokers_and_controllers_listen_where_the_interfaces_say(kind: str, places: list[int]) -> None:
    assert sorted(broker_ports(Options(port_base=8100, broker=kind), kind)) == [8100 + place for place in places]


@pytest.mark.parametrize("begun", BEGUN)
@pytest.mark.parametrize("asked", BEGUN)
def test_a_folder_begun_on_one_kind_refuses_another_and_names_its_own(begun: str, asked: str, tmp_path: Path) -> None:
    (tmp_path / BEGUN[begun]).mkdir(parents=True)
    options = Options(data=tmp_path, broker=asked)
    if asked == begun:
        assert chosen_kind(options, tmp_path) == begun
        return
    with pytest.raises(StackError, match=f"Choisir --broker {begun}, ou un autre dossier par --data"):
        chosen_kind(options, tmp_path)


@pytest.mark.parametrize("begun", BEGUN)
def test_what_the_folder_began_with_is_found_again_by_itself(begun: str, tmp_path: Path) -> None:
    (tmp_path / BEGUN[begun]).mkdir(parents=True)
    assert chosen_kind(Options(data=tmp_path), tmp_path) == begun


def test_clients_are_told_of_all_three_nodes(tmp_path: Path) -> None:
    assert KafkaCluster(tmp_path, *PORTS).bootstrap == "127.0.0.1:9092,127.0.0.1:9093,127.0.0.1:9094"


def test_nodes_that_were_not_formatted_yet_join_the_cluster_of_the_one_that_was(tmp_path: Path) -> None:
    formatted = tmp_path / "kafka-2" / "log"
    formatted.mkdir(parents=True)
    (formatted / "meta.properties").write_text("version=1\ncluster.id=MkU3OEVBNTcwNTJENDM2Qg\nnode.id=2\n")
    assert {node.cluster_id for node in KafkaCluster(tmp_path, *PORTS).nodes} == {"MkU3OEVBNTcwNTJENDM2Qg"}


def test_the_controller_is_the_one_of_the_newest_vote(tmp_path: Path) -> None:
    for name, epoch, leader in (("kafka-1", 4, 3), ("kafka-2", 7, 1), ("kafka-3", 9, -1)):
        votes = tmp_path / name / "log" / "__cluster_metadata-0"
        votes.mkdir(parents=True)
        (votes / "quorum-state").write_text(f'{{"leaderId":{leader},"leaderEpoch":{epoch},"data_version":1}}')
    assert KafkaCluster(tmp_path, *PORTS).controller().name == "kafka-1"
