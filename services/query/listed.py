"""What lists, exports and procedures say alike of a procedure, for query's document."""

from datetime import datetime

from infoparquet_contracts.codes import Kind, Status
from infoparquet_contracts.identifiers import AdministrationCode, Number, ProcedureId, Reference, TribunalCode

from chassis.described import Shown


class Listed(Shown):
    """Where it stands."""

    id: ProcedureId
    number: Number | None
    reference: Reference
    administration: AdministrationCode
    kind: Kind
    status: Status
    status_label: str
    tribunal: TribunalCode | None
    tribunal_name: str | None
    urgent: bool
    submitted_at: datetime
