"""Puts query together."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from fastapi import APIRouter

from chassis.comparison import Holdings
from chassis.described import Description
from chassis.service import Parts, Service
from reference.live import Live
from reference.names import Names
from reference.offences import Natures
from services.query import api, feed_api, figures_api, store, stream_api, views_api
from services.query.downloads import Downloads
from services.query.fanout import Fanout
from services.query.figures_shown import Labels
from services.query.handlers import HANDLERS
from services.query.mending import keep_mending
from services.query.settings import UPLOADS_PATH, QuerySettings
from services.query.stream_api import Streams
from services.query.words import Words


def build(settings: QuerySettings) -> Service:
    """The service that shows where each procedure stands."""
    live = Live(settings.reference_url)
    names = live.derive(lambda reference: Names(reference.courts))
    families = live.derive(lambda reference: _families(reference.nataff))
    fanout = Fanout(names)
    words = live.derive(Words)

    def labels() -> Labels:
        return Labels(names(), families())

    def routers(parts: Parts) -> Sequence[APIRouter]:
        # Of a page and of the interface alike, so that the places are those of the process.
        downloads = Downloads(parts, names, words)
        return [
            api.routes(parts, names, words, lambda: fanout.newest),
            views_api.routes(parts),
            feed_api.routes(parts, names, fanout),
            stream_api.routes(parts, fanout),
            figures_api.routes(parts, labels, downloads),
            *_portal(parts, live, names, words, fanout, settings, labels, downloads),
        ]

    return Service(
        name="query",
        title="infoParquet — suivi",
        migrations=Path(__file__).with_name("migrations"),
        routers=routers,
        handlers=HANDLERS,
        unlimited_paths=(UPLOADS_PATH,),
        holdings=Holdings(store.unshown, store.forget),
        description=lambda: described(names()),
        workers=lambda parts: [
            live.watch,
            partial(keep_mending, parts.transactions),
            lambda: fanout.run(parts.engine, parts.facts_applied),
        ],
    )


def _portal(
    parts: Parts,
    live: Live,
    names: Callable[[], Names],
    words: Callable[[], Words],
    fanout: Fanout,
    settings: QuerySettings,
    labels: Callable[[], Labels],
    downloads: Downloads,
) -> Sequence[APIRouter]:
    if settings.portal is None:
        return []
    # Not at the top: only where it is served is it paid for.
    from services.query.portal.routes import portal

    return portal(parts, names, words, Streams(parts, fanout), lambda: live.now, settings.portal, labels, downloads)


def described(names: Names) -> Description:
    """What the service's document says of its routes."""
    # Not at the top: only who asks for the document pays for it.
    from services.query.described import description

    return description(names)


def _families(nataff: Natures) -> Mapping[str, str]:
    """The labels of the letters: all that is kept of the codes."""
    return {code: nature.label for code, nature in nataff.items() if len(code) == 1}
