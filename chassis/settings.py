"""A service's configuration, read once from the environment; a missing or malformed setting stops it by name."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, ByteSize, Field, SecretStr, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.french import sentence
from chassis.kafka import KafkaSettings, SaslMechanism, SecurityProtocol

# For `migrate` of several services: by service, as JSON, what each is told on top of the environment.
MIGRATIONS = "INFOPARQUET_MIGRATIONS"
PREFIX = "INFOPARQUET_"
LARGEST_PORT = 65_535
SMALLEST_OUTBOX = 64 * 1024


def _without_slash(url: str) -> str:
    return url.rstrip("/")


def _with_a_real_port(listen: str) -> str:
    if not 0 < int(listen.rpartition(":")[2]) <= LARGEST_PORT:
        message = f"Un port va de 1 à {LARGEST_PORT}."
        raise ValueError(message)
    return listen


Listen = Annotated[
    str,
    StringConstraints(pattern=r"^[^\s:]+:[0-9]{1,5}$|^\[[0-9a-f:]+\]:[0-9]{1,5}$"),
    AfterValidator(_with_a_real_port),
]
HttpUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+"), AfterValidator(_without_slash)]
DatabaseUrl = Annotated[str, StringConstraints(pattern=r"^postgres(ql)?(\+asyncpg)?://\S+$")]
FileUrl = Annotated[str, StringConstraints(pattern=r"^file:///\S.*$")]


class SettingsError(Exception):
    """The environment does not configure the service; `problems` has one French line a setting."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Settings(BaseSettings):
    """What every service is told. `examples` serve the message about a setting that is missing or wrong."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True)

    listen: Listen = Field(examples=["127.0.0.1:8101"])
    kafka_bootstrap: Annotated[str, StringConstraints(pattern=r"^[^\s:,]+:[0-9]+(,[^\s:,]+:[0-9]+)*$")] = Field(
        examples=["kafka-1:9092,kafka-2:9092"]
    )
    kafka_security_protocol: SecurityProtocol = Field(default="PLAINTEXT", examples=["SASL_SSL"])
    kafka_sasl_mechanism: SaslMechanism | None = Field(default=None, examples=["SCRAM-SHA-512"])
    kafka_sasl_username: str | None = None
    kafka_sasl_password: SecretStr | None = None
    kafka_ssl_cafile: str | None = None
    kafka_ssl_certfile: str | None = None
    kafka_ssl_keyfile: str | None = None
    database_url: DatabaseUrl = Field(examples=["postgresql://intake:secret@db:5432/intake"])
    reference_url: FileUrl = Field(examples=["file:///srv/infoparquet/reference"])
    oidc_issuer: HttpUrl = Field(examples=["https://issuer.example"])
    oidc_audience: str = Field(default="infoparquet", examples=["infoparquet"], min_length=1)
    # What the journal lacks for longer than this was lost.
    reconcile_after: timedelta = Field(
        default=timedelta(seconds=60), gt=timedelta(0), le=timedelta(days=1), examples=["PT60S"]
    )
    # What waits for Kafka in the outbox; beyond it requests are refused.
    outbox_limit: ByteSize = Field(default=ByteSize(2**30), ge=SMALLEST_OUTBOX, examples=["1GiB"])

    # Open at once to one process; fewer where it may not open so many files.
    connections: int = Field(default=8000, gt=0, le=1_000_000, examples=[8000])

    @property
    def kafka(self) -> KafkaSettings:
        """The settings about Kafka, together."""
        return KafkaSettings(
            bootstrap=self.kafka_bootstrap,
            security_protocol=self.kafka_security_protocol,
            sasl_mechanism=self.kafka_sasl_mechanism,
            sasl_username=self.kafka_sasl_username,
            sasl_password=self.kafka_sasl_password,
            ssl_cafile=self.kafka_ssl_cafile,
            ssl_certfile=self.kafka_ssl_certfile,
            ssl_keyfile=self.kafka_ssl_keyfile,
        )

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen on."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)


S = TypeVar("S", bound=Settings)


def read_settings(model: type[S]) -> S:
    """The settings of a service from the environment. Raises SettingsError."""
    try:
        return model()
    except ValidationError as error:
        raise SettingsError([_worded(model, dict(one)) for one in error.errors(include_input=False)]) from None


def _worded(model: type[Settings], error: Mapping[str, Any]) -> str:
    name = str(error["loc"][0]) if error["loc"] else "?"
    field = model.model_fields.get(name)
    examples = field.examples if field and field.examples else []
    what = "absente" if error["type"] == "missing" else f"mal formée ({sentence(error).rstrip('.')})"
    return f"{PREFIX}{name.upper()} est {what}" + "".join(f" ; exemple : {example}" for example in examples)
