"""`infoparquet competence diff`: which past procedures another rule set would send elsewhere, before it is active."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer
from infoparquet_contracts.codes import Ground, Kind
from infoparquet_contracts.identifiers import CommuneCode
from infoparquet_contracts.parts import Place
from pydantic import BaseModel, ConfigDict, ValidationError

from chassis.clock import PARIS
from cli.failures import FAILED, WRONG_USE, broken_reference, stop
from cli.session import Connection, DataOption, TokenOption, UrlOption, connect
from reference import BrokenReference, Reference, load
from reference.library import Library
from services.routing.comparison import Past, compare
from services.routing.competence import Case

_SHOWN: Final = 20
_OLD = typer.Argument(help="Données d’aujourd’hui : un dossier, ou une version du système.", metavar="ANCIEN")
_NEW = typer.Argument(help="Données à essayer, de même.", metavar="NOUVEAU")
_CASES = typer.Option(help="Procédures à rejouer, une par ligne (NDJSON) ; sans cela, celles du système qui tourne.")
_COMMUNES = typer.Option("--communes", help="Rejoue plutôt un lieu des faits dans chaque commune.")
_JSON = typer.Option("--json", help="Écrit un document JSON, avec toutes les différences.")


class _Place(BaseModel):
    """Its words are not looked at."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    ground: Ground
    commune: CommuneCode | None = None
    aerodrome: bool | None = None


class _Line(BaseModel):
    """A procedure as it is deposited, or as the journal has it: what decides of it, and what to call it by."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str | None = None
    reference: str | None = None
    places: tuple[_Place, ...]
    natinf: tuple[str, ...] = ()
    nataff: tuple[str, ...] = ()
    kind: Kind | None = None
    on: dt.date | None = None


def diff(
    old: Annotated[str, _OLD],
    new: Annotated[str, _NEW],
    cases: Annotated[Path | None, _CASES] = None,
    communes: Annotated[bool, _COMMUNES] = False,
    as_json: Annotated[bool, _JSON] = False,
    data: DataOption = Path(".infoparquet"),
    url: UrlOption = None,
    token: TokenOption = None,
) -> None:
    """Dit quelles procédures passées iraient à un autre tribunal, sans rien changer."""
    before, after = _opened(old, data), _opened(new, data)
    try:
        if communes:
            past = _every_commune(before)
        elif cases is not None:
            past = _lines(cases)
        else:
            past = _running(connect(data, url, token, "operator"))
        found = compare(past, before.law, after.law)
    except BrokenReference as error:
        stop(FAILED, broken_reference(error))
    typer.echo(json.dumps(found, ensure_ascii=False, indent=2) if as_json else _in_words(found))


def _opened(place: str, data: Path) -> Reference:
    library = Library(data.absolute() / "reference")
    try:
        if place in library.versions():
            return load(library.folder(place).as_uri())
        return load(place if place.startswith("file:") else Path(place).absolute().as_uri())
    except BrokenReference as error:
        stop(FAILED, broken_reference(error))
    except ValueError:
        stop(WRONG_USE, f"Dossier des données de référence incorrect : {place}")


def _every_commune(reference: Reference) -> Iterator[Past]:
    today = dt.datetime.now(PARIS).date()
    for code in reference.communes.by_code:
        yield Past(code, Case((Place(ground=Ground.FACTS, commune=code),), today))


def _lines(file: Path) -> Iterator[Past]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        stop(WRONG_USE, f"{file} ne se lit pas : {error}")
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _past(line, f"ligne {number}")


def _past(line: str, name: str) -> Past:
    try:
        document = json.loads(line)
        # A line of the samples wraps the procedure that is deposited.
        one = _Line.model_validate(document.get("procedure", document))
    except (ValueError, AttributeError) as error:
        where = error.errors()[0]["loc"] if isinstance(error, ValidationError) else ()
        stop(WRONG_USE, f"{name} : ce n’est pas une procédure ({'/'.join(map(str, where)) or 'JSON attendu'}).")
    on = one.on or dt.datetime.now(PARIS).date()
    places = tuple(Place(ground=at.ground, commune=at.commune, aerodrome=at.aerodrome) for at in one.places)
    return Past(one.id or one.reference or name, Case(places, on, one.natinf, one.nataff, one.kind))


def _running(connection: Connection) -> Iterator[Past]:
    after: str | None = None
    with httpx.Client(timeout=15) as client:
        while True:
            page = _page(client, connection, after)
            for one in page["cases"]:
                yield _past(json.dumps(one), one["id"])
            after = page["next"]
            if after is None:
                return


def _page(client: httpx.Client, connection: Connection, after: str | None) -> dict[str, Any]:
    parameters = {} if after is None else {"after": after}
    try:
        answer = client.get(
            f"{connection.address('routing')}/v1/cases", params=parameters, headers=connection.bearer()
        ).raise_for_status()
        found: dict[str, Any] = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        stop(FAILED, f"Le service routing ne donne pas ses procédures : {type(error).__name__}.")
    return found


def _in_words(found: dict[str, Any]) -> str:
    summary = (
        f"{found['elsewhere']} procédures sur {found['cases']} iraient ailleurs, "
        f"{found['same_court_otherwise']} au même tribunal pour d’autres raisons ({found['old']} → {found['new']})."
    )
    lines = [summary]
    lines += [f"  {count:>6}  {move}" for move, count in list(found["moves"].items())[:_SHOWN]]
    for one in found["changes"][:_SHOWN]:
        before, after = (side["tribunal"] or side["reason"] for side in (one["old"], one["new"]))
        lines.append(f"  {one['id']} : {before} → {after}")
    if found["elsewhere"] > _SHOWN:
        lines.append(f"  … et {found['elsewhere'] - _SHOWN} autres (--json les donne toutes).")
    return "\n".join(lines)
