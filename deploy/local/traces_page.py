"""The pages of the trace receiver: the list, newest first, and one trace as a waterfall."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from html import escape
from itertools import islice

from chassis.clock import PARIS
from deploy.local.pages import page
from deploy.local.spans import Span, Trace

SHOWN = 200
# Nanoseconds without anything are drawn no longer: a court that answers a day later leaves the rest to be seen.
LONGEST_PAUSE = 200_000_000
_WIDTH = 1000
_COLOURS = ("#000091", "#b34000", "#18753c", "#6e445a", "#0063cb", "#716043")
_STYLE = """main { max-width: none } body { max-width: 80rem }
.bar { width: 40% } .bar svg { display: block; width: 100%; height: 1.25rem; background: #f6f6f6 }
.ms { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums } .failed { color: #b34000 }
@media (max-width: 40rem) {
  .bar { width: auto } .ms { text-align: left } .ms::after { content: " ms" }
  .from::before { content: "à " } .for::before { content: "pendant " }
}
"""


def list_page(traces: Iterable[Trace], *, alone: bool) -> str:
    """Those that went through several services, or else those that one answered `alone`."""
    rows = "\n".join(map(_row, islice(traces, SHOWN)))
    others = '<a href="/">Requêtes passées par plusieurs services</a>'
    if not alone:
        others = '<a href="/?alone">Requêtes restées dans un service</a>'
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Début", "Requête", "Services", "Étapes"))
    listed = f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>" if rows else "<p>Aucune.</p>"
    note = "Ce que chaque service a fait de chaque requête ; les dernières, jusqu’à l’arrêt du système."
    title = "Traces d’un seul service" if alone else "Traces"
    body = f'<h1>{title}</h1>\n<p class="note">{note}</p>\n<p>{others}</p>\n{listed}'
    return page(title, body)


def trace_page(trace: Trace) -> str:
    """The waterfall."""
    tree = trace.as_tree()
    place = _places([span for _, span in tree])
    colours = dict(zip(trace.services, _COLOURS * len(trace.services), strict=False))
    rows = "\n".join(_step(depth, span, trace.start, place, colours[span.service]) for depth, span in tree)
    head = "".join(
        f'<th scope="col"{sort}>{name}</th>'
        for name, sort in (
            ("Service", ""), ("Étape", ""), ("Début (ms)", ' class="ms"'), ("Durée (ms)", ' class="ms"'), ("Frise", ""),
        )
    )  # fmt: skip
    pauses = f"Les pauses de plus de {LONGEST_PAUSE // 1_000_000} ms sont dessinées plus courtes."
    body = "\n".join(
        [
            '<p><a href="/">Toutes les traces</a></p>',
            f"<h1>{escape(tree[0][1].name)}</h1>",
            f'<p class="note">Trace {escape(trace.id)}, {_when(trace)}. {pauses}</p>',
            f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>",
            *([f"<p>{trace.more} autres étapes ne sont pas gardées.</p>"] if trace.more else []),
        ]
    )
    return page("Trace", body, style=_STYLE)


def _row(trace: Trace) -> str:
    first = trace.as_tree()[0][1]
    link = f'<a href="/traces/{escape(trace.id)}">{escape(first.name)}</a>'
    services, steps = escape(", ".join(trace.services)), len(trace.spans) + trace.more
    return f'<tr><td class="when">{_when(trace)}</td><td>{link}</td><td>{services}</td><td>{steps}</td></tr>'


def _step(depth: int, span: Span, start: int, place: Callable[[int], float], colour: str) -> str:
    left = place(span.start)
    width = max(place(span.end) - left, 2)
    bar = (
        f'<svg viewBox="0 0 {_WIDTH} 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect x="{left:.1f}" width="{width:.1f}" y="2" height="6" fill="{colour}"/></svg>'
    )
    failed = ' <strong class="failed">échec</strong>' if span.failed else ""
    indent = f' style="padding-left: {min(depth, 12)}rem"' if depth else ""
    return (
        f"<tr><td>{escape(span.service)}</td><td{indent}>{escape(span.name)}{failed}</td>"
        f'<td class="ms from">{_milliseconds(span.start - start)}</td>'
        f'<td class="ms for">{_milliseconds(span.end - span.start)}</td><td class="bar">{bar}</td></tr>'
    )


def _places(spans: Iterable[Span]) -> Callable[[int], float]:
    """Where a moment is drawn, from 0 to the width; nothing but pauses is drawn shorter than it was."""
    busy: list[tuple[int, int]] = []
    for span in sorted(spans, key=lambda one: one.start):
        if busy and span.start <= busy[-1][1] + LONGEST_PAUSE:
            busy[-1] = busy[-1][0], max(busy[-1][1], span.end)
        else:
            busy.append((span.start, span.end))
    offsets, at = [], 0
    for start, end in busy:
        offsets.append((start, at))
        at += end - start + LONGEST_PAUSE
    length = max(at - LONGEST_PAUSE, 1)

    def place(moment: int) -> float:
        start, offset = next(one for one in reversed(offsets) if one[0] <= moment)
        return (offset + moment - start) * _WIDTH / length

    return place


def _milliseconds(nanoseconds: int) -> str:
    return f"{nanoseconds / 1_000_000:,.1f}".replace(",", "\u202f").replace(".", ",")


def _when(trace: Trace) -> str:
    return f"{datetime.fromtimestamp(trace.start / 1e9, UTC).astimezone(PARIS):%d/%m/%Y %H:%M:%S}"
