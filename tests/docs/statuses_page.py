"""`docs/statuses.md` as the contracts have it; `python -m tests.docs.statuses_page` writes it."""

from pathlib import Path

from infoparquet_contracts.codes import Status
from infoparquet_contracts.status import FOLLOWERS

PAGE = Path(__file__).parents[2] / "docs" / "statuses.md"
_HEAD = """# The statuses of a procedure

Which status may follow which: `GET /v1/statuses` says the same. A reply that would lead elsewhere is refused; in the
journal, a fact out of turn stays in the timeline, without effect. After the delivery, a withdrawal is a note that does
not change the status; the number may come after the routing. A supplement, a notification and an infected document
(`document-infected`) change no status; the latter two are noted in every state, also after the end.

| status | label | may be followed by |
|---|---|---|
"""


def rendered() -> str:
    """The page."""
    return _HEAD + "".join(_row(status) for status in Status)


def _row(status: Status) -> str:
    followers = [follower for follower in Status if follower in FOLLOWERS[status]]
    named = ", ".join(f"`{follower.value}` ({follower.label})" for follower in followers)
    return f"| `{status.value}` | {status.label} | {named or 'nothing: this is the end'} |\n"


if __name__ == "__main__":
    PAGE.write_text(rendered(), encoding="utf-8")
