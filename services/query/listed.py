"""What lists, exports and procedures say alike of a procedure, for query's document."""

from datetime import datetime
from typing import Annotated

from infoparquet_contracts.codes import Kind, Status
from infoparquet_contracts.identifiers import AdministrationCode, Number, ProcedureId, Reference, TribunalCode
from pydantic import Field

from chassis.described import Shown
from services.query.related import Why


class Named(Shown):
    """Which it is."""

    id: ProcedureId
    number: Number | None
    reference: Reference
    administration: AdministrationCode
    status: Status
    status_label: str


class Listed(Named):
    """Where it stands."""

    kind: Kind
    tribunal: TribunalCode | None
    tribunal_name: str | None
    urgent: bool
    submitted_at: datetime


class Related(Named):
    """A procedure that seems to be about the same facts."""

    why: Annotated[list[Why], Field(description="Ce que les deux procédures ont en commun.")]
    description: Annotated[str, Field(description="Le même, en mots.")]
