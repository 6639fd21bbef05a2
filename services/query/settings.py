"""Query's configuration."""

from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, StringConstraints, ValidationInfo, field_validator

from chassis.settings import HttpUrl, Settings

# Where browsers let http be: nobody else hears what is said.
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class PortalSettings:
    """What the portal is told. `organisation` is the State's service whose marks it bears, None where it bears none."""

    public_url: str
    intake_url: str
    routing_url: str
    client_id: str
    client_secret: SecretStr | None
    organisation: str | None


class QuerySettings(Settings):
    """`public_url` is where people reach the portal; without it there is none, and the API alone is served."""

    public_url: HttpUrl | None = Field(default=None, examples=["https://infoparquet.example"])
    intake_url: HttpUrl | None = Field(default=None, examples=["http://intake:8101"], validate_default=True)
    routing_url: HttpUrl | None = Field(default=None, examples=["http://routing:8103"], validate_default=True)
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

    @field_validator("intake_url", "routing_url")
    @classmethod
    def _known_to_the_portal(cls, url: str | None, info: ValidationInfo) -> str | None:
        if url is None and info.data.get("public_url") is not None:
            raise ValueError("Le portail, que INFOPARQUET_PUBLIC_URL met en service, en a besoin.")
        return url

    @property
    def portal(self) -> PortalSettings | None:
        """None where no portal is served."""
        if self.public_url is None or self.intake_url is None or self.routing_url is None:
            return None
        return PortalSettings(
            self.public_url,
            self.intake_url,
            self.routing_url,
            self.portal_client_id,
            self.portal_client_secret,
            self.portal_organisation,
        )
