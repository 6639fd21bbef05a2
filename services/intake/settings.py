"""Intake's configuration."""

from pydantic import Field, SecretStr

from chassis.settings import HttpUrl, Settings


class IntakeSettings(Settings):
    """`public_url` is where users reach all services; without it, links are paths."""

    routing_url: HttpUrl = Field(examples=["http://routing:8103"])
    public_url: HttpUrl | None = Field(default=None, examples=["https://infoparquet.example"])
    client_id: str = Field(examples=["intake"], min_length=1)
    client_secret: SecretStr = Field(examples=["secret"])
