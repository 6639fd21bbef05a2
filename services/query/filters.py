"""The parameters of the list, of its exports and of the figures, as a request gives them."""

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, Self

from infoparquet_contracts.codes import Kind, Status
from infoparquet_contracts.identifiers import AdministrationCode, CommuneCode, Nataff, Natinf, TribunalCode
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.query import codes
from services.query.asked import understand
from services.query.rows import Criteria
from services.query.words import Words

# No control character: a database takes no NUL, and no name or word has one.
PRINTABLE: Final = r"^[^\x00-\x1f\x7f]*$"
# A midnight can be computed for these, and no procedure is of another day.
_FIRST: Final = date(1900, 1, 1)
_Day = Annotated[date, Field(ge=_FIRST, le=date(2999, 12, 31))]
_YEAR: Final = timedelta(days=364)


class Parameters(BaseModel):
    """A parameter that is empty, as forms send them, is one that is not there; one that is not known is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _without_the_empty(cls, given: Any) -> Any:  # noqa: ANN401 - whatever the request holds
        return {name: value for name, value in given.items() if value != ""} if isinstance(given, dict) else given


class Wanted(Parameters):
    """Which procedures, for a list, its exports and saved views alike."""

    q: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64, pattern=PRINTABLE)] | None = Field(
        None,
        description="Numéro, même mal saisi, référence, identifiant, ou mots : commune, infraction, affaire, "
        "administration, tribunal, par leurs codes ou leurs libellés. Plusieurs mots sont tous exigés.",
    )
    status: Status | None = Field(None, description="État de la procédure (GET /v1/statuses).")
    urgent: bool | None = Field(None, description="Les urgentes seules, ou les autres.")
    tribunal: TribunalCode | None = Field(None, description="Tribunal saisi, par son code (tj33063).")
    administration: AdministrationCode | None = Field(None, description="Administration d’origine, par son code.")
    kind: Kind | None = Field(None, description="Nature de la procédure.")
    commune: CommuneCode | None = Field(None, description="Commune d’un lieu, avec celles qui en font partie.")
    natinf: Natinf | None = Field(None, description="Code NATINF, sans zéro en tête.")
    nataff: Nataff | None = Field(None, description="Code NATAFF, ou famille de codes (I, I5).")
    from_: _Day | None = Field(None, alias="from", description="Déposées à partir de ce jour (heure de Paris).")
    to: _Day | None = Field(None, description="Déposées jusqu’à ce jour compris (heure de Paris).")

    def criteria(self, words: Words) -> Criteria:
        """What is looked for, wherever the page begins."""
        among = [
            () if self.commune is None else words.commune(self.commune),
            () if self.natinf is None else (codes.natinf(self.natinf),),
            () if self.nataff is None else (codes.nataff(self.nataff),),
        ]
        return Criteria(
            q=understand(self.q, words) if self.q else None,
            kind=self.kind,
            among=tuple(one for one in among if one),
            status=self.status,
            urgent=self.urgent,
            tribunal=self.tribunal,
            administration=self.administration,
            since=self.from_,
            until=self.to,
        )

    @property
    def as_sent(self) -> dict[str, Any]:
        """As JSON, without what is not there: what it is read from again."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Filters(Wanted):
    """And which page of the list."""

    cursor: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        None, description="Le « next » de la page précédente."
    )
    limit: int = Field(50, ge=1, le=200, description="Nombre de procédures par page.")


class Dialect(StrEnum):
    """How CSV is written."""

    RFC4180 = "rfc4180"
    EXCEL = "excel"


_DIALECT: Final = Field(
    Dialect.RFC4180,
    description="`rfc4180` : virgules, UTF-8 ; `excel` : points-virgules et marque d’ordre, pour un tableur français.",
)


class CsvFilters(Wanted):
    """Of an export as CSV."""

    dialect: Dialect = _DIALECT


class By(StrEnum):
    """What figures are told apart by."""

    TRIBUNAL = "tribunal"
    ADMINISTRATION = "administration"
    FAMILY = "family"
    MONTH = "month"
    NONE = "none"


class FiguresAsked(Parameters):
    """Of the figures: a year that ends today (in Paris) unless said otherwise."""

    from_: _Day | None = Field(
        None, alias="from", description="Déposées à partir de ce jour (heure de Paris) ; sinon un an avant le dernier."
    )
    to: _Day | None = Field(None, description="Déposées jusqu’à ce jour compris (heure de Paris) ; sinon aujourd’hui.")
    by: By = Field(By.NONE, description="Une ligne par tribunal, administration, famille d’infractions ou mois.")
    dialect: Dialect = _DIALECT

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.from_ is not None and self.to is not None and self.from_ > self.to:
            raise ValueError("Le premier jour est après le dernier.")
        return self

    def period(self, today: date) -> tuple[date, date]:
        """The first and the last day."""
        last = self.to or max(today, self.from_ or today)
        return self.from_ or max(_FIRST, last - _YEAR), last
