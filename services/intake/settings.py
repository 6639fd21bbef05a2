"""Intake's configuration."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from chassis.settings import LARGEST_PORT, HttpUrl, Settings

ObjectStoreUrl = Annotated[str, StringConstraints(pattern=r"^(file:///\S.*|s3://[^\s/]+(/\S*)?)$")]

_TCP = re.compile(r"tcp://(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/@\[\]]+)):([0-9]{1,5})")
_UNIX = re.compile(r"unix://(/\S(?:.*\S)?)")


def scanner_address(url: str) -> tuple[str, int] | str:
    """Host and port of `tcp://host:port`, or the path of `unix:///path`. Raises ValueError."""
    if local := _UNIX.fullmatch(url):
        return local[1]
    remote = _TCP.fullmatch(url)
    if remote is None:
        raise ValueError("L’adresse attendue est tcp://hôte:port ou unix:///chemin.")
    port = int(remote[3])
    if not 0 < port <= LARGEST_PORT:
        message = f"Un port va de 1 à {LARGEST_PORT}."
        raise ValueError(message)
    return remote[1] or remote[2], port


def _readable(url: str) -> str:
    scanner_address(url)
    return url


class IntakeSettings(Settings):
    """`public_url` is where users reach all services; without it, links are paths."""

    routing_url: HttpUrl = Field(examples=["http://routing:8103"])
    # Where the bytes of documents are: a folder, or s3://bucket, reached as AWS_ENDPOINT_URL and its like say.
    object_store_url: ObjectStoreUrl = Field(examples=["file:///srv/infoparquet/objects"])
    public_url: HttpUrl | None = Field(default=None, examples=["https://infoparquet.example"])
    client_id: str = Field(examples=["intake"], min_length=1)
    client_secret: SecretStr = Field(examples=["secret"])
    # ClamAV's daemon; without one, nothing is scanned.
    scanner_url: Annotated[str, AfterValidator(_readable)] | None = Field(
        default=None, examples=["tcp://clamd:3310", "unix:///run/clamav/clamd.ctl"]
    )
