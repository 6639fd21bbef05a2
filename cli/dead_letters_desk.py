"""Asks each service for its dead letters, and finds one by the beginning of its id wherever it is."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from cli.session import Connection

# A replay applies all that waited, in one transaction of the service.
_LIMIT_SECONDS = 35.0
_PAGE = 200
_WHOLE_ID = 36
_ID = re.compile("[0-9a-z-]{1,36}")
SHORTEST_PREFIX = 4


class Failure(Exception):  # noqa: N818 - its message, in French, says what failed
    """A service refused, does not answer, or has no such letter."""


class Ambiguous(Failure):
    """An id that could be several letters'."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A service, and its replicas in the order they are asked."""

    service: str
    urls: Sequence[str]


@dataclass(frozen=True, slots=True)
class Found:
    """A letter's place: its service and its whole id."""

    desk: Desk
    letter: str


@dataclass
class Search:
    """What the services said, and of those that said nothing why."""

    letters: list[tuple[Desk, dict[str, Any]]] = field(default_factory=list)
    unanswered: dict[str, str] = field(default_factory=dict)


def desks(connection: Connection, service: str | None) -> list[Desk]:
    """The services that run, or the one named. Raises Failure for one that does not run."""
    if connection.url or connection.run_file is None:
        # One address has no name for the service that answers there.
        return [Desk(service or "–", [connection.address("query")])]
    running = json.loads(connection.run_file.read_text(encoding="utf-8"))["services"]
    if service is not None and service not in running:
        raise Failure(f"Aucun service « {service} » ne tourne ; il y a : {', '.join(sorted(running))}.")
    return [Desk(name, one["urls"]) for name, one in running.items() if service in (None, name)]


def client(connection: Connection) -> httpx.Client:
    """For all the services."""
    return httpx.Client(timeout=_LIMIT_SECONDS, headers=connection.bearer())


def search(http: httpx.Client, asked: Iterable[Desk], most: int, **choice: str) -> Search:
    """The letters of the choice, `most` a service, oldest first within each."""
    found = Search()
    for desk in asked:
        try:
            found.letters += [(desk, one) for one in _pages(http, desk, most, choice)]
        except Failure as failure:
            found.unanswered[desk.service] = str(failure)
    return found


def find(http: httpx.Client, asked: Sequence[Desk], name: str) -> Found:
    """The one letter whose id is `name`, or begins so. Raises Failure, or Ambiguous where there are several."""
    name = name.lower()
    if len(name) < SHORTEST_PREFIX:
        raise Ambiguous(f"Donnez au moins {SHORTEST_PREFIX} caractères de l’identifiant.")
    if not _ID.fullmatch(name):
        raise Failure(f"« {name} » n’a pas la forme d’un identifiant de lettre.")
    looked = search(http, asked, 10, state="all", prefix=name)
    found = [Found(desk, one["id"]) for desk, one in looked.letters] or list(_known_whole(http, asked, name))
    exact = [one for one in found if one.letter == name]
    if looked.unanswered and not (exact and len(name) == _WHOLE_ID):
        silent, why = next(iter(looked.unanswered.items()))
        raise Failure(f"{silent} : {why} La lettre pourrait y être ; désignez un autre service par --service.")
    match exact or found:
        case [one]:
            return one
        case []:
            raise Failure(f"Aucune lettre morte ne commence par « {name} ».")
        case several:
            names = "\n".join(f"  {one.desk.service}  {one.letter}" for one in several)
            raise Ambiguous(f"« {name} » désigne plusieurs lettres ; allongez-le, ou ajoutez --service :\n{names}")


def _known_whole(http: httpx.Client, asked: Iterable[Desk], name: str) -> Iterator[Found]:
    """Where a letter that no list shows is known: a row of the outbox that went out or was discarded."""
    if not name.startswith("outbox-"):
        return
    for desk in asked:
        try:
            ask(http, desk, "GET", f"/{name}")
        except Failure:
            continue
        yield Found(desk, name)


def ask(http: httpx.Client, desk: Desk, method: str, path: str = "", **request: Any) -> dict[str, Any]:  # noqa: ANN401
    """A service's answer. Raises Failure with its own words where it refuses."""
    for url in desk.urls:
        try:
            answer = http.request(method, f"{url.rstrip('/')}/v1/dead-letters{path}", **request)
            body: dict[str, Any] = answer.json()
        except httpx.ConnectError:
            # Another replica has the same letters.
            continue
        except (httpx.TransportError, ValueError):
            raise Failure("pas de réponse complète ; regardez la lettre avant de recommencer.") from None
        if answer.is_success:
            return body
        raise Failure(_worded(answer.status_code, body))
    raise Failure("ne répond pas ; vérifiez qu’il est démarré.")


def _pages(http: httpx.Client, desk: Desk, most: int, choice: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    cursor: str | None = None
    while most > 0:
        parameters = {**choice, "limit": str(min(most, _PAGE))} | ({"cursor": cursor} if cursor else {})
        page = ask(http, desk, "GET", params=parameters)
        yield from page["dead_letters"]
        most -= len(page["dead_letters"])
        cursor = page["next"]
        if cursor is None:
            return


def _worded(status: int, problem: Mapping[str, Any]) -> str:
    places = [f"{one['pointer']} : {one['detail']}" for one in problem.get("errors", []) if one["pointer"]]
    return "\n  ".join([str(problem.get("detail", f"répond {status}.")), *places])
