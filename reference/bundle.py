"""All reference data of one folder, read and checked part by part, each when it is first asked for."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

from reference.communes import Communes, read_communes
from reference.courts import Courts, read_courts
from reference.law import Law
from reference.library import folder_in_force
from reference.manifest import Folder, Sheet
from reference.movements import Movements, read_movements
from reference.offences import Natures, read_nataff, read_natinf
from reference.rule_checks import read_rules
from reference.rules import Rules
from reference.specialised import Jurisdiction, read_jurisdictions
from reference.territory import Attachments, Territory, read_attachments, read_territory

PACKAGED: Final = Path(__file__).with_name("data")


class Reference:
    """`version` dates data and rules together. A part is read once and never changes; a broken one raises
    BrokenReference, so a service asks for the parts it needs when it starts."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self.version: str = folder.manifest.version

    def require_whole(self) -> None:
        """Reads every part. Raises BrokenReference."""
        for name, part in vars(type(self)).items():
            if isinstance(part, cached_property):
                getattr(self, name)

    @property
    def sheets(self) -> dict[str, Sheet]:
        """What the manifest says of each file."""
        return dict(self._folder.manifest.files)

    @cached_property
    def courts(self) -> Courts:
        return read_courts(self._folder)

    @cached_property
    def communes(self) -> Communes:
        return read_communes(self._folder, self._attachments.gone, self.movements)

    @cached_property
    def territory(self) -> Territory:
        return read_territory(self._folder, self._attachments, self.communes, self.courts)

    @cached_property
    def jurisdictions(self) -> Mapping[str, Jurisdiction]:
        return read_jurisdictions(self._folder, self.courts)

    @cached_property
    def rules(self) -> Rules:
        return read_rules(self._folder, self.jurisdictions, self.natinf, self.nataff)

    @cached_property
    def law(self) -> Law:
        return Law(self.courts, self.territory, self.rules, self.version)

    @cached_property
    def movements(self) -> Movements:
        return read_movements(self._folder)

    @cached_property
    def natinf(self) -> Natures:
        return read_natinf(self._folder)

    @cached_property
    def nataff(self) -> Natures:
        return read_nataff(self._folder)

    @cached_property
    def _attachments(self) -> Attachments:
        return read_attachments(self._folder, self.courts)


def default_url() -> str:
    """The data that comes with the package."""
    return PACKAGED.as_uri()


def load(url: str) -> Reference:
    """The reference data in the folder of a `file:///…` URL, or those in force of a library there; raises ValueError
    for another kind of URL, BrokenReference (a ValueError) when its manifest cannot be used."""
    return Reference(Folder(folder_in_force(path_of(url))))


def path_of(url: str) -> Path:
    """The folder of a `file:///…` URL. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not parts.path:
        raise ValueError(f"{url!r} is not a folder's URL such as file:///srv/infoparquet/reference")
    return Path(url2pathname(parts.path))
