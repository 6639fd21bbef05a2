"""What query's document says of figures and exports."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final

from infoparquet_contracts.codes import Status, UrgencyReason
from infoparquet_contracts.identifiers import (
    Day,
)
from pydantic import Field

from chassis.described import Answer, Content, Operation, Shown
from reference.names import Names
from services.query import downloads, parquet, tables
from services.query.figures_shown import Labels, show_figures
from services.query.filters import By
from services.query.listed import Listed
from services.query.rights import Everything
from services.query.statistics import Asking, Delay, Figures, Share, Urgent, Waiting

_SECONDS: Final = "En secondes ; null si aucune."


class DelayOf(Shown):
    """How long it took."""

    count: Annotated[int, Field(description="Les procédures qui y sont parvenues, sur lesquelles portent les délais.")]
    median: Annotated[float | None, Field(description=f"Délai médian. {_SECONDS}")]
    p90: Annotated[float | None, Field(description=f"90ᵉ centile. {_SECONDS}")]


class ShareOf(Shown):
    """How many of how many."""

    count: int
    of: Annotated[int, Field(description="Les procédures dont le temps est écoulé, ou qui y sont parvenues.")]
    share: Annotated[float | None, Field(description="`count` / `of` ; null si `of` est nul.")]


class WaitingFor(Shown):
    """What stands there."""

    count: int
    oldest: Annotated[datetime | None, Field(description="Depuis quand attend la plus ancienne.")]
    median: Annotated[float | None, Field(description=f"Âge médian de l’état. {_SECONDS}")]


class WaitingNow(WaitingFor):
    """All of it."""

    statuses: Mapping[Status, WaitingFor]
    without_news_for_30_d: Annotated[ShareOf, Field(description="Dans le même état depuis plus de 30 jours.")]


class UrgencyKept(Shown):
    """Urgent procedures that have a last day, taken in hand by its end or not."""

    on_time: int
    late: int
    pending: int


class Delays(Shown):
    """In the order of the road."""

    numbered: DelayOf
    delivered: DelayOf
    acknowledged: DelayOf
    decided: DelayOf


class Indicators(Shown):
    """Shares that were reached in time."""

    numbered_within_1_s: ShareOf
    numbered_within_10_s: ShareOf
    delivered_within_1_min: ShareOf
    acknowledged_within_1_d: ShareOf
    acknowledged_within_5_d: ShareOf


class Group(Shown):
    """Figures of one group."""

    group: Annotated[str | None, Field(description="Code du tribunal ou de l’administration, lettre NATAFF, ou mois.")]
    label: str
    procedures: int
    urgent: int
    withdrawn: Annotated[int, Field(description="Retirées avant la remise au tribunal.")]
    withdrawal_requested: Annotated[int, Field(description="Dont le retrait a été demandé après la remise.")]
    declined: Annotated[int, Field(description="Qu’un tribunal au moins a déclinées.")]
    unroutable: Annotated[int, Field(description="Pour lesquelles aucune règle n’a désigné de tribunal.")]
    delays: Annotated[Delays, Field(description="Depuis le dépôt.")]
    urgency: UrgencyKept
    indicators: Indicators
    waiting: Annotated[WaitingNow, Field(description="Ce qui attend maintenant, quelle que soit la date du dépôt.")]


class Statistics(Shown):
    """The figures."""

    from_: Annotated[Day, Field(alias="from")]
    to: Day
    by: By
    at: Annotated[datetime, Field(description="L’instant auquel les chiffres sont arrêtés.")]
    overlapping: Annotated[bool, Field(description="Vrai si une procédure compte dans plusieurs lignes.")]
    groups: list[Group]


class Line(Listed):
    """A procedure in an export."""

    urgency_reason: UrgencyReason | None
    urgency_until: Day | None


_DEFINED: Final = "Chaque chiffre est défini dans `docs/figures.md`."
_ATTACHED: Final = {"Content-Disposition": "Le nom du fichier, daté."}
_BUSY: Final = {503: ("too-many-exports",)}


def operations(names: Names, allowed: str, listed: Mapping[str, Any]) -> Mapping[str, Operation]:
    """`listed` is a procedure as the list shows it."""
    urgency = listed["urgency"] or {"reason": None, "until": None}
    line = {name: listed[name] for name in Line.model_fields if name in listed}
    line |= {"urgency_reason": urgency["reason"], "urgency_until": urgency["until"]}
    figures = Content(Statistics, {"par-tribunal": _example(names)})
    return {
        "GET /v1/statistics": Operation(
            {200: Answer(figures, "Les chiffres, par groupe.", also=(tables.MEDIA_TYPE,))},
            f"En CSV avec `Accept: text/csv`. {_DEFINED}\n\n{allowed}.",
        ),
        "GET /v1/procedures.csv": _export(Content(None, media_type=tables.MEDIA_TYPE), allowed),
        "GET /v1/procedures.json": _export(
            Content(Line, {"une-ligne": line}, downloads.NDJSON, "Un objet JSON par ligne."), allowed
        ),
        "GET /v1/procedures.parquet": _export(Content(None, media_type=parquet.MEDIA_TYPE), allowed),
    }


def _export(content: Content, allowed: str) -> Operation:
    text = (
        "Toutes les procédures que montre la liste avec les mêmes filtres, de la plus récente à la plus ancienne, "
        "sans limite de nombre. Une réponse coupée avant sa fin n’est pas complète : redemandez-la. Les colonnes sont "
        f"décrites dans `docs/figures.md`.\n\n{allowed}."
    )
    return Operation({200: Answer(content, "Le fichier.", _ATTACHED)}, text, problems=_BUSY)


def _example(names: Names) -> dict[str, Any]:
    now = datetime(2026, 11, 23, 9, tzinfo=UTC)
    acknowledged = Waiting(4, now - timedelta(days=41), 950_400.0)
    one = Figures(
        "tj33063",
        {"procedures": 120, "urgent": 9, "withdrawn": 2, "withdrawal_requested": 1, "declined": 3, "unroutable": 0},
        {
            "numbered": Delay(120, 0.18, 0.41),
            "delivered": Delay(118, 0.52, 1.1),
            "acknowledged": Delay(112, 7_920.0, 180_000.0),
            "decided": Delay(60, 3_456_000.0, 7_776_000.0),
        },
        Urgent(7, 1, 1),
        {
            "numbered_within_1_s": Share(119, 120),
            "numbered_within_10_s": Share(120, 120),
            "delivered_within_1_min": Share(118, 118),
            "acknowledged_within_1_d": Share(90, 117),
            "acknowledged_within_5_d": Share(111, 115),
        },
        acknowledged,
        {Status.ACKNOWLEDGED: acknowledged},
        Share(1, 4),
    )
    asking = Asking(Everything(), date(2025, 11, 24), date(2026, 11, 23), By.TRIBUNAL, now)
    return show_figures(asking, [one], Labels(names, {}))
