"""Puts notify together."""

from pathlib import Path

from chassis import followed
from chassis.comparison import Holdings
from chassis.described import Description
from chassis.service import Service
from chassis.service_token import ServiceToken
from reference.live import Live
from reference.names import Names
from services.notify.api import routes
from services.notify.contacts import IntakeService
from services.notify.handlers import handlers
from services.notify.mail import Stationery
from services.notify.postman import Office, Postman
from services.notify.recollection import Mails
from services.notify.settings import NotifySettings
from services.notify.smtp import Mailer


def office_of(settings: NotifySettings, live: Live) -> Office:
    """What mails are made with and sent by. Raises BrokenReference."""
    token = ServiceToken(settings.oidc_issuer, settings.client_id, settings.client_secret)
    return Office(
        IntakeService(settings.intake_url, token),
        Stationery(settings.sender),
        Mailer(settings.smtp, settings.sender.domain, settings.smtp_timeout),
        live.derive(lambda reference: Names(reference.courts)),
        settings.public_url,
        settings.smtp_timeout,
    )


def build(settings: NotifySettings) -> Service:
    """The service that tells a procedure's author what became of it. Raises BrokenReference."""
    live = Live(settings.reference_url)
    office = office_of(settings, live)
    return Service(
        name="notify",
        title="infoParquet — notifications",
        migrations=Path(__file__).with_name("migrations"),
        routers=lambda parts: [routes(parts, settings.mail_tries)],
        handlers=handlers(settings.mail_tries),
        recollection=lambda: Mails(settings.mail_tries),
        holdings=Holdings(followed.unfollowed),
        description=described,
        workers=lambda parts: [Postman(parts, office).run, live.watch],
    )


def described() -> Description:
    """What the service's document says of its routes."""
    # Not at the top: only who asks for the document pays for it.
    from services.notify.described import DESCRIPTION

    return DESCRIPTION
