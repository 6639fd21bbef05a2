"""`infoparquet dead-letters`: what the services could not handle, and what to do with it."""

import json
import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import typer

from cli.dead_letters_desk import Ambiguous, Failure, Found, ask, client, desks, find, search
from cli.failures import FAILED, WRONG_USE, stop
from cli.session import DEFAULT_DATA, Connection, DataOption, TokenOption, UrlOption, connect

dead_letters = typer.Typer(
    help="Les lettres mortes : ce qui n’a pas pu être traité, à voir, rejouer ou écarter.", no_args_is_help=True
)


class State(StrEnum):
    """Which letters are listed."""

    OPEN = "open"
    CLOSED = "closed"
    ALL = "all"


ServiceOption = Annotated[str | None, typer.Option("--service", help="Un seul service, par exemple routing.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Écrit un document JSON.")]
LetterArgument = Annotated[
    str, typer.Argument(metavar="LETTRE", help="Identifiant, ou son début s’il n’y en a qu’un.", show_default=False)
]


@dead_letters.command("list")
def listed(
    data: DataOption = DEFAULT_DATA,
    url: UrlOption = None,
    token: TokenOption = None,
    service: ServiceOption = None,
    state: Annotated[State, typer.Option("--state", help="Ouvertes, closes, ou toutes.")] = State.OPEN,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Nombre de lettres par service, au plus.")] = 200,
    as_json: JsonOption = False,
) -> None:
    """Liste les lettres mortes de chaque service, les plus anciennes d’abord."""
    connection = connect(data, url, token, "operator")
    try:
        with client(connection) as http:
            found = search(http, desks(connection, service), limit, state=state.value)
    except Failure as failure:
        stop(WRONG_USE, str(failure))
    letters = [(desk.service, one) for desk, one in found.letters]
    if as_json:
        silent = [{"service": name, "detail": why} for name, why in found.unanswered.items()]
        _write({"dead_letters": [{"service": name, **one} for name, one in letters], "unanswered": silent})
    elif letters:
        from cli.dead_letters_table import print_table

        print_table(sorted(letters, key=lambda one: str(one[1]["at"])))
    elif not found.unanswered:
        typer.echo("Aucune lettre morte.")
    for name, why in found.unanswered.items():
        print(f"{name} : {why}", file=sys.stderr)
    if found.unanswered:
        raise typer.Exit(FAILED)


@dead_letters.command("show")
def show(
    letter: LetterArgument,
    data: DataOption = DEFAULT_DATA,
    url: UrlOption = None,
    token: TokenOption = None,
    service: ServiceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Montre une lettre entière : son motif, d’où elle vient, son contenu, ce qui en a été décidé."""
    found, body = _do(connect(data, url, token, "operator"), service, letter, "GET")
    if as_json:
        _write({"service": found.desk.service, **body})
        return
    from cli.dead_letters_table import print_letter

    print_letter(found.desk.service, body)


@dead_letters.command("replay")
def replay(
    letter: LetterArgument,
    data: DataOption = DEFAULT_DATA,
    url: UrlOption = None,
    token: TokenOption = None,
    service: ServiceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rejoue une lettre avec le programme tel qu’il est maintenant, puis ce qui attendait derrière elle."""
    found, body = _do(connect(data, url, token, "operator"), service, letter, "POST", "/replay")
    _say(found, body, "rejouée" if not found.letter.startswith("outbox-") else "rendue à l’envoi", as_json=as_json)


@dead_letters.command("discard")
def discard(
    letter: LetterArgument,
    reason: Annotated[
        str, typer.Option("--reason", help="Pourquoi, en 500 caractères au plus ; gardé avec la lettre.")
    ],
    data: DataOption = DEFAULT_DATA,
    url: UrlOption = None,
    token: TokenOption = None,
    service: ServiceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Écarte une lettre pour toujours, et traite ce qui attendait derrière elle."""
    connection = connect(data, url, token, "operator")
    found, body = _do(connection, service, letter, "POST", "/discard", json={"reason": reason})
    _say(found, body, "écartée", as_json=as_json)


def _do(
    connection: Connection,
    service: str | None,
    letter: str,
    method: str,
    action: str = "",
    **request: Any,  # noqa: ANN401
) -> tuple[Found, dict[str, Any]]:
    try:
        with client(connection) as http:
            found = find(http, desks(connection, service), letter)
            return found, ask(http, found.desk, method, f"/{found.letter}{action}", **request)
    except Ambiguous as several:
        stop(WRONG_USE, str(several))
    except Failure as failure:
        stop(FAILED, str(failure))


def _say(found: Found, body: Mapping[str, Any], done: str, *, as_json: bool) -> None:
    if as_json:
        _write({"service": found.desk.service, **body})
        return
    words = f"Lettre {found.letter} de {found.desk.service} {done}"
    match body["released"]:
        case 0:
            pass
        case 1:
            words += " ; le message qui attendait derrière elle est reparti"
        case count:
            words += f" ; les {count} messages qui attendaient derrière elle sont repartis"
    typer.echo(words + ".")
    if body["behind"]:
        typer.echo(f"La procédure attend maintenant la lettre {body['behind']} ({body['parked']} derrière elle).")


def _write(document: Mapping[str, Any]) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
