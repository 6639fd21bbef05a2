"""What every event's data is: frozen, silent about its content when it does not fit, and closed when it is written.

Whoever reads one from a topic or a table leaves out the fields it does not know: a newer writer may have said them.
"""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from .identifiers import ProcedureId


class Frozen(BaseModel):
    """A value of an event. Python names or JSON's are both taken; JSON always carries JSON's, nulls included."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, validate_by_name=True, serialize_by_alias=True
    )


class Payload(Frozen):
    """The data of one type of event."""

    event_type: ClassVar[str]
    fact: ClassVar[str]


class OfProcedure(Payload):
    """The data of an event that says again of which procedure it is: always the event's subject."""

    procedure: ProcedureId
