"""The pages of the mail catcher: the list, newest first, and one mail as its reader sees it."""

from collections.abc import Iterable
from html import escape

from chassis.clock import PARIS
from deploy.local.mailbox import Caught
from deploy.local.pages import page


def list_page(mails: Iterable[Caught], count: int) -> str:
    """`count` is how many have come."""
    rows = "\n".join(_row(mail) for mail in mails)
    note = (
        "Les courriels du système arrivent ici au lieu de partir ; ils disparaissent quand il s’arrête. "
        f"{count} reçu{'s' if count > 1 else ''} jusqu’ici."
    )
    head = '<tr><th scope="col">Reçu</th><th scope="col">À</th><th scope="col">Objet</th></tr>'
    listed = f"<table>\n<thead>{head}</thead>\n<tbody>\n{rows}\n</tbody></table>" if rows else "<p>Aucun courriel.</p>"
    body = f'<h1>Courriels</h1>\n<p class="note">{note}</p>\n{listed}'
    return page("Courriels", body, refreshed=True)


def mail_page(mail: Caught) -> str:
    """Its HTML in a frame that may do nothing, its text, its headers."""
    facts = [
        ("De", mail.header("From")),
        ("À", mail.header("To")),
        ("Reçu", _when(mail)),
        ("Fil", mail.header("References")),
    ]
    rows = "\n".join(f'<tr><th scope="row">{label}</th><td>{escape(value)}</td></tr>' for label, value in facts)
    html = f'<iframe sandbox title="Le courriel" src="/mails/{mail.id}/html"></iframe>'
    raw = f'<p><a href="/mails/{mail.id}/raw">Message brut</a></p>'
    body = "\n".join(
        [
            '<p><a href="/">Tous les courriels</a></p>',
            f"<h1>{escape(mail.subject or '(sans objet)')}</h1>",
            f"<table>{rows}</table>",
            f"<h2>HTML</h2>\n{html if mail.html else '<p>Aucune version HTML.</p>'}",
            f"<h2>Texte</h2>\n<pre>{escape(mail.text or 'Aucune version texte.')}</pre>",
            f"<h2>En-têtes</h2>\n<pre>{escape(mail.headers)}</pre>\n{raw}",
        ]
    )
    return page(escape(mail.subject or "Courriel"), body)


def _row(mail: Caught) -> str:
    link = f'<a href="/mails/{mail.id}">{escape(mail.subject or "(sans objet)")}</a>'
    return f'<tr><td class="when">{_when(mail)}</td><td>{escape(", ".join(mail.to))}</td><td>{link}</td></tr>'


def _when(mail: Caught) -> str:
    return f"{mail.received_at.astimezone(PARIS):%d/%m/%Y %H:%M:%S}"
