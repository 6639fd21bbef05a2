"""How far `infoparquet send` has come: a bar for the lines, and one for the bytes of files where there are any."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from cli.send_lines import Amount

MEGABYTE = 1_000_000


class _Done(ProgressColumn):
    """So many of so many, lines or megabytes."""

    def render(self, task: Task) -> Text:
        done, total = task.completed, task.total or 0
        if task.fields["in_bytes"]:
            shown = f"{done / MEGABYTE:.2f}/{total / MEGABYTE:.2f} Mo".replace(".", ",")
        else:
            shown = f"{done:.0f}/{total:.0f}"
        return Text(shown, style="progress.download")


@contextmanager
def bars(amount: Amount) -> Iterator[tuple[Callable[[int], None], Callable[[int], None]]]:
    """What to call with the lines, and with the bytes, that are sent; on stderr, while the block lasts."""
    columns = (TextColumn("{task.description}"), BarColumn(), _Done(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        size = amount.file_bytes
        files = progress.add_task("Pièces", total=size, visible=size > 0, in_bytes=True)
        lines = progress.add_task("Dépôt", total=amount.lines, in_bytes=False)
        yield lambda count: progress.advance(lines, count), lambda count: progress.advance(files, count)
