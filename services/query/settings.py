"""Query's configuration."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlsplit

from infoparquet_contracts.topics import SERVICES
from pydantic import Field, SecretStr, StringConstraints, ValidationInfo, field_validator

from chassis.settings import HttpUrl, Settings

# What stands in an address for the id of a trace.
TRACE: Final = "{trace}"
# Below it the portal passes files on to intake.
UPLOADS_PATH: Final = "/uploads/"
# Where browsers let http be: nobody else hears what is said.
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class PortalSettings:
    """What the portal is told. `organisation` is the State's service whose marks it bears, None where it bears none.

    `traces_url` is where a trace is looked at, None where nowhere; `{trace}` in it is the trace's id.
    """

    public_url: str
    # The other services, by name.
    beside: Mapping[str, str]
    traces_url: str | None
    client_id: str
    client_secret: SecretStr | None
    organisation: str | None


class QuerySettings(Settings):
    """`public_url` is where people reach the portal; without it there is none, and the API alone is served."""

    public_url: HttpUrl | None = Field(default=None, examples=["https://infoparquet.example"])
    intake_url: HttpUrl | None = Field(default=None, examples=["http://intake:8101"], validate_default=True)
    numbering_url: HttpUrl | None = Field(default=None, examples=["http://numbering:8102"], validate_default=True)
    routing_url: HttpUrl | None = Field(default=None, examples=["http://routing:8103"], validate_default=True)
    notify_url: HttpUrl | None = Field(default=None, examples=["http://notify:8104"], validate_default=True)
    traces_url: HttpUrl | None = Field(default=None, examples=["https://traces.example/trace/{trace}"])
    # The portal's own client at the issuer, where people sign in; with no secret, PKCE alone stands for it.
    portal_client_id: str = Field(default="portal", examples=["portal"], min_length=1)
    portal_client_secret: SecretStr | None = Field(default=None, examples=["secret"])
    # The logo block of the State is for its own services.
    portal_organisation: Annotated[str, StringConstraints(min_length=1, max_length=80)] | None = Field(
        default=None, examples=["Ministère de la Justice"]
    )

    @field_validator("public_url")
    @classmethod
    def _an_origin(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "")
        if parts.path or parts.query or parts.fragment or "@" in parts.netloc:
            raise ValueError("Le portail est à la racine d’un hôte : cette adresse n’a pas de chemin.")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise ValueError("Hors de cette machine, le portail demande https.")
        return url

    @field_validator("traces_url")
    @classmethod
    def _of_each_trace(cls, url: str | None) -> str | None:
        if url is not None and TRACE not in url:
            raise ValueError(f"Cette adresse dit par {TRACE} où va l’identifiant de la trace.")
        return url

    @field_validator("intake_url", "numbering_url", "routing_url", "notify_url")
    @classmethod
    def _known_to_the_portal(cls, url: str | None, info: ValidationInfo) -> str | None:
        if url is None and info.data.get("public_url") is not None:
            raise ValueError("Le portail, que INFOPARQUET_PUBLIC_URL met en service, en a besoin.")
        return url

    @property
    def portal(self) -> PortalSettings | None:
        """None where no portal is served."""
        if self.public_url is None:
            return None
        beside: Mapping[str, str] = {name: getattr(self, f"{name}_url") for name in SERVICES if name != "query"}
        return PortalSettings(
            self.public_url,
            beside,
            self.traces_url,
            self.portal_client_id,
            self.portal_client_secret,
            self.portal_organisation,
        )
