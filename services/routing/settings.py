"""Routing's configuration."""

from pydantic import Field

from chassis.settings import HttpUrl, Settings


class RoutingSettings(Settings):
    """`intake_url` is where courts read the dossiers."""

    intake_url: HttpUrl = Field(examples=["https://infoparquet.example"])
