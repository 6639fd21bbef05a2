"""The parameters of the list, as a request gives them."""

from datetime import date
from typing import Annotated, Any

from infoparquet_contracts.codes import Status
from infoparquet_contracts.identifiers import AdministrationCode, TribunalCode
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.query.search import Criteria

# A midnight can be computed for these, and no procedure is of another day.
_Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2999, 12, 31))]


class Filters(BaseModel):
    """A parameter that is empty, as forms send them, is one that is not there; one that is not known is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    q: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)] | None = Field(
        None, description="Début d’un numéro, d’une référence ou d’un identifiant."
    )
    status: Status | None = Field(None, description="État de la procédure (GET /v1/statuses).")
    urgent: bool | None = Field(None, description="Les urgentes seules, ou les autres.")
    tribunal: TribunalCode | None = Field(None, description="Tribunal saisi, par son code (tj33063).")
    administration: AdministrationCode | None = Field(None, description="Administration d’origine, par son code.")
    from_: _Day | None = Field(None, alias="from", description="Déposées à partir de ce jour (heure de Paris).")
    to: _Day | None = Field(None, description="Déposées jusqu’à ce jour compris (heure de Paris).")
    cursor: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        None, description="Le « next » de la page précédente."
    )
    limit: int = Field(50, ge=1, le=200, description="Nombre de procédures par page.")

    @model_validator(mode="before")
    @classmethod
    def _without_the_empty(cls, given: Any) -> Any:  # noqa: ANN401 - whatever the request holds
        return {name: value for name, value in given.items() if value != ""} if isinstance(given, dict) else given

    @property
    def criteria(self) -> Criteria:
        """What is looked for, wherever the page begins."""
        return Criteria(
            q=self.q or None,
            status=self.status,
            urgent=self.urgent,
            tribunal=self.tribunal,
            administration=self.administration,
            since=self.from_,
            until=self.to,
        )
