"""`infoparquet follow`: a procedure's timeline as it grows, until it is closed.

Its stream says when there is something new, and goes on after a cut where it was; what is written is the timeline, each
fact once.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final, NoReturn

import httpx
import typer
from infoparquet_contracts.codes import Status
from infoparquet_contracts.status import FOLLOWERS

from chassis.clock import PARIS
from cli.event_stream import events
from cli.failures import FAILED, stop
from cli.session import DEFAULT_DATA, Connection, DataOption, TokenOption, UrlOption, connect

_LOOK_AGAIN_SECONDS = 1.0
# The service itself waits up to 5 s for a procedure it does not know yet, and shows life every 15 s on a stream.
_LIMIT_SECONDS, _SILENCE_SECONDS = 15.0, 45.0
_ENDS: Final = frozenset(status for status in Status if not FOLLOWERS[status])


class Unanswered(Exception):  # noqa: N818 - nothing is wrong with the question
    """The service cannot answer for now."""


class NoStream(Exception):  # noqa: N818 - the procedure is there
    """What answers has no streams."""


class LetGo(Exception):  # noqa: N818 - as told
    """Nothing more will be told of the procedure to this court."""


def follow(
    which: Annotated[
        str, typer.Argument(metavar="ID_OU_NUMÉRO", help="Identifiant ou numéro de la procédure.", show_default=False)
    ],
    data: DataOption = DEFAULT_DATA,
    url: UrlOption = None,
    token: TokenOption = None,
    organisation: Annotated[
        str, typer.Option("--as", help="Organisation qui regarde, parmi les jetons du système lancé.")
    ] = "operator",
    once: Annotated[bool, typer.Option("--once", help="Écrit ce qui est connu et s’arrête.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Écrit chaque fait en une ligne de JSON.")] = False,
) -> None:
    """Suit une procédure : chaque fait à mesure qu’il est connu, jusqu’à la clôture, au retrait ou à Ctrl-C."""
    connection = connect(data, url, token, organisation)
    try:
        with httpx.Client(base_url=connection.address("query"), timeout=_LIMIT_SECONDS) as client:
            _follow(Followed(client, connection, which, as_json), once=once)
    except Unanswered:
        stop(FAILED, "Le service de suivi ne répond pas : vérifiez son adresse et qu’il est démarré, puis recommencez.")
    except LetGo:
        print("Ce tribunal n’est plus saisi de la procédure : la suite n’est pas la sienne.", file=sys.stderr)
    except KeyboardInterrupt:
        return


@dataclass
class Followed:
    """One procedure: what was written of it, and the last event of its stream."""

    client: httpx.Client
    connection: Connection
    which: str
    as_json: bool
    written: set[str] = field(default_factory=set)
    last: str = ""

    def show(self) -> bool:
        """Write what was not written yet; whether nothing more can follow. Raises Unanswered."""
        procedure = self._read()
        if not self.written and not self.as_json:
            typer.echo(_title(procedure))
        for entry in procedure["timeline"]:
            if entry["id"] not in self.written:
                typer.echo(json.dumps(entry, ensure_ascii=False) if self.as_json else _line(entry))
                self.written.add(entry["id"])
        return procedure["status"] in _ENDS

    def stream(self) -> bool:
        """Show what comes until the stream ends; as `show`. Raises Unanswered, NoStream, LetGo."""
        with self._opened() as answer:
            # From here on what is new is told: what is read now has no gap to it.
            if self.show():
                return True
            for event in events(answer.iter_bytes()):
                self.last = event.id or self.last
                if event.name == "fact" and self.show():
                    return True
        return False

    @contextmanager
    def _opened(self) -> Iterator[httpx.Response]:
        headers = self.connection.bearer() | {"Accept": "text/event-stream"}
        headers |= {"Last-Event-ID": self.last} if self.last else {}
        limits, path = httpx.Timeout(_LIMIT_SECONDS, read=_SILENCE_SECONDS), f"/v1/procedures/{self.which}/stream"
        try:
            with self.client.stream("GET", httpx.URL(path=path), headers=headers, timeout=limits) as answer:
                self._check(answer)
                yield answer
        except httpx.TransportError as error:
            raise Unanswered from error

    def _check(self, answer: httpx.Response) -> None:
        if answer.status_code == httpx.codes.NO_CONTENT:
            raise LetGo
        if answer.status_code == httpx.codes.GONE:
            # The database is another one: what it says is read from its beginning, and what was written is not again.
            self.last = ""
        if answer.status_code == httpx.codes.GONE or answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise Unanswered
        if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            answer.read()
            _refuse(answer)
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            raise NoStream

    def _read(self) -> dict[str, Any]:
        """Raises Unanswered; leaves the command with a message where the answer is no."""
        try:
            answer = self.client.get(httpx.URL(path=f"/v1/procedures/{self.which}"), headers=self.connection.bearer())
        except httpx.TransportError as error:
            raise Unanswered from error
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise Unanswered
        if answer.status_code != httpx.codes.OK:
            _refuse(answer)
        body: dict[str, Any] = answer.json()
        return body


def _follow(followed: Followed, *, once: bool) -> None:
    """Waits for a service that is being restarted, and says so once; asks one without streams every second."""
    over, streams, said = followed.show(), True, False
    while not once and not over:
        try:
            over = followed.stream() if streams else followed.show()
            said = False
        except NoStream:
            streams = False
            print("Ce service n’a pas de flux : la procédure est relue chaque seconde.", file=sys.stderr)
        except Unanswered:
            if not said:
                print("Le service de suivi ne répond plus ; la suite viendra dès son retour.", file=sys.stderr)
            said = True
        if not over:
            time.sleep(_LOOK_AGAIN_SECONDS)


def _refuse(answer: httpx.Response) -> NoReturn:
    stop(FAILED, str(answer.json().get("detail", f"Le service de suivi répond {answer.status_code}.")))


def _title(procedure: dict[str, Any]) -> str:
    urgency = f" – URGENTE : {procedure['urgency']['description']}" if procedure["urgent"] else ""
    return f"Procédure {procedure['reference']} ({procedure['administration']}){urgency}"


def _line(entry: dict[str, Any]) -> str:
    time_in_paris = datetime.fromisoformat(entry["time"]).astimezone(PARIS)
    line = f"{time_in_paris:%d/%m/%Y %H:%M:%S}  {entry['description']}"
    if entry["fact"] == "delivered":
        proof = entry["data"]
        line += f" – preuve : {proof['topic']}, partition {proof['partition']}, position {proof['offset']}"
    return line if entry["applied"] else f"{line} – sans effet : {entry['why_not_label']}"
