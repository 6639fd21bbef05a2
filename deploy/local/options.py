"""What the local stack is asked for, checked before anything starts."""

import re
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.failures import WrongUseError

# Each with its place from the port base.
PLACES: Mapping[str, int] = {"intake": 1, "numbering": 2, "routing": 3, "notify": 4, "query": 5}
SERVICES = tuple(PLACES)
ISSUER, POSTGRES, MAIL, TRACES, SMTP, KAFKA, CONTROLLER = 10, 11, 25, 26, 27, 90, 93
MOST_REPLICAS = 7
EMBEDDED = "embedded"
BROKERS = ("auto", "apache", "apache:3", "light")

_ADDRESS = re.compile(r"[^\s:,]+:[0-9]{1,5}(,[^\s:,]+:[0-9]{1,5})*")
_DATABASE = re.compile(r"postgres(ql)?://\S+")
_HIGHEST_PORT = 65535 - CONTROLLER - 2


@dataclass(frozen=True)
class Options:
    """`command` starts the project's command line; tests may put a stand-in there.

    With a `detour`, services come to PostgreSQL, Apache Kafka and SMTP at ports that lie so much higher: whoever asked
    for it passes on what arrives there, or does not. The light broker cannot be told to name another port.
    """

    data: Path = Path(".infoparquet")
    port_base: int = 8100
    broker: str = "auto"
    database: str = EMBEDDED
    only: Collection[str] = SERVICES
    replicas: Mapping[str, int] = field(default_factory=dict)
    new_cluster: bool = False
    traces: bool = False
    detour: int = 0
    command: Sequence[str] = (sys.executable, "-m", "cli.main")

    def __post_init__(self) -> None:
        """Raises WrongUseError."""
        if not 1 <= self.port_base <= _HIGHEST_PORT:
            raise _wrong("--port-base", str(self.port_base), f"un nombre de 1 à {_HIGHEST_PORT}")
        if self.broker not in BROKERS and not self.external_broker:
            raise _wrong("--broker", self.broker, f"{', '.join(BROKERS)} ou une adresse HÔTE:PORT")
        if self.database != EMBEDDED and not _DATABASE.fullmatch(self.database):
            raise _wrong("--database", "***", "embedded ou postgresql://compte:mot-de-passe@hôte:port/base")
        if unknown := set(self.only) - set(SERVICES):
            raise _wrong("--only", ",".join(sorted(unknown)), f"des services parmi {', '.join(SERVICES)}")
        for service, count in self.replicas.items():
            if service not in self.only or not 1 <= count <= MOST_REPLICAS:
                expected = f"SERVICE=NOMBRE, un service lancé et 1 à {MOST_REPLICAS} exemplaires"
                raise _wrong("--replicas", f"{service}={count}", expected)

    @property
    def services(self) -> list[str]:
        """Those to run, in the order of the road."""
        return [service for service in SERVICES if service in self.only]

    @property
    def external_broker(self) -> bool:
        """Whether somebody else runs it."""
        # `apache:5` is a wish for five nodes, not a host's name.
        return bool(_ADDRESS.fullmatch(self.broker)) and not self.broker.startswith("apache:")

    @property
    def catches_mail(self) -> bool:
        """Whether somebody sends mails here."""
        return "notify" in self.only

    def port(self, place: int) -> int:
        """The port at a place from the base."""
        return self.port_base + place

    def detoured(self, place: int) -> int:
        """The port at which services look for what is at a place from the base."""
        return self.port(place) + self.detour

    def service_ports(self, service: str) -> list[int]:
        """One a replica."""
        later = range(2, self.replicas.get(service, 1) + 1)
        places = [PLACES[service], *(10 * (number + 1) + PLACES[service] for number in later)]
        return [self.port(place) for place in places]


def read_replicas(words: Sequence[str]) -> dict[str, int]:
    """`numbering=2` and its like. Raises WrongUseError."""
    replicas = {}
    for word in words:
        service, _, count = word.partition("=")
        if not count.isdecimal():
            raise _wrong("--replicas", word, "SERVICE=NOMBRE, par exemple numbering=2")
        replicas[service] = int(count)
    return replicas


def read_only(words: str | None) -> Collection[str]:
    """`intake,query`; everything when it is not given."""
    return SERVICES if words is None else [word.strip() for word in words.split(",") if word.strip()]


def _wrong(option: str, value: str, expected: str) -> WrongUseError:
    return WrongUseError(
        f"{option} {value} ne convient pas", why=f"attendu : {expected}", remedy="Voir `infoparquet up --help`."
    )
