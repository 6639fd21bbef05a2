"""The environment that tells a service where everything is."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.options import EMBEDDED, SMTP, TRACES, Options
from deploy.local.reference_data import reference_folder
from deploy.local.tokens import AUDIENCE, TokenMaker, client_of

_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Surroundings:
    """What all services of one stack share."""

    options: Options
    data: Path
    bootstrap: str
    tokens: TokenMaker

    def of(self, service: str, port: int, database_url: str) -> Mapping[str, str]:
        """For the replica that listens on `port`: what this process was given, and what the service is told."""
        return os.environ | self.differing(service, port, database_url)

    def differing(self, service: str, port: int, database_url: str) -> dict[str, str]:
        """What it is told on top of what this process was given."""
        client = client_of(f"service:{service}")
        without_proxy = ",".join(filter(None, [os.environ.get("NO_PROXY"), _LOOPBACK]))
        return {
            "INFOPARQUET_LISTEN": f"{_LOOPBACK}:{port}",
            "INFOPARQUET_KAFKA_BOOTSTRAP": self.bootstrap,
            "INFOPARQUET_DATABASE_URL": database_url,
            "INFOPARQUET_OBJECT_STORE_URL": (self.data / "objects").as_uri(),
            "INFOPARQUET_REFERENCE_URL": reference_folder(self.data).as_uri(),
            "INFOPARQUET_OIDC_ISSUER": self.tokens.issuer,
            "INFOPARQUET_OIDC_AUDIENCE": AUDIENCE,
            "INFOPARQUET_CLIENT_ID": client,
            "INFOPARQUET_CLIENT_SECRET": self.tokens.clients[client],
            **{
                f"INFOPARQUET_{one.upper()}_URL": self._url(one) for one in ("intake", "numbering", "routing", "notify")
            },
            "INFOPARQUET_SMTP_URL": f"smtp://{_LOOPBACK}:{self.options.detoured(SMTP)}",
            # The portal, and where mails lead; links of intake's own stay paths, whichever the service behind them.
            **({"INFOPARQUET_PUBLIC_URL": f"http://{_LOOPBACK}:{port}"} if service == "query" else {}),
            **({"INFOPARQUET_PUBLIC_URL": self._url("query")} if service == "notify" else {}),
            **(self._traces() if self.options.traces else {}),
            **({"PGSSLMODE": "disable"} if self.options.database == EMBEDDED else {}),
            # What services ask of each other stays on this machine, whatever proxy leads out of it.
            "NO_PROXY": without_proxy,
            "no_proxy": without_proxy,
            "PYTHONUNBUFFERED": "1",
        }

    def _traces(self) -> dict[str, str]:
        where = f"http://{_LOOPBACK}:{self.options.port(TRACES)}"
        return {
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{where}/v1/traces",
            # Milliseconds: whoever follows a link has just made the trace.
            "OTEL_BSP_SCHEDULE_DELAY": "1000",
            "INFOPARQUET_TRACES_URL": f"{where}/traces/{{trace}}",
        }

    def _url(self, service: str) -> str:
        ports = Options(port_base=self.options.port_base).service_ports(service)
        return f"http://{_LOOPBACK}:{ports[0]}"
