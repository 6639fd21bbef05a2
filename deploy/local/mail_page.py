"""The pages of the mail catcher: the list, newest first, and one mail as its reader sees it."""

from collections.abc import Iterable
from html import escape

from chassis.clock import PARIS
from deploy.local.mailbox import Caught

_PAGE = """<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">{refresh}
<title>{title}</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; color: #161616 }}
h1 {{ font-size: 1.5rem; color: #000091; overflow-wrap: anywhere }}
h2 {{ font-size: 1.1rem; margin: 2rem 0 .5rem }}
a {{ color: #000091 }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; vertical-align: top; padding: .5rem .75rem .5rem 0; border-bottom: 1px solid #ddd }}
td {{ overflow-wrap: anywhere }}
.when {{ white-space: nowrap }}
iframe {{ width: 100%; height: 62rem; border: 1px solid #ddd }}
@media (max-width: 40rem) {{
  thead {{ display: none }}
  tr {{ display: block; padding: .5rem 0; border-bottom: 1px solid #ddd }}
  th, td {{ display: block; padding: 0; border: 0 }}
}}
pre {{ background: #f6f6f6; padding: 1rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere }}
.note {{ color: #3a3a3a }}
</style>
</head>
<body><main>{body}</main></body>
</html>
"""
# No script: the list is asked for again by the browser.
_REFRESH = '\n<meta http-equiv="refresh" content="5">'


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
    return _PAGE.format(title="Courriels", refresh=_REFRESH, body=body)


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
    return _PAGE.format(title=escape(mail.subject or "Courriel"), refresh="", body=body)


def _row(mail: Caught) -> str:
    link = f'<a href="/mails/{mail.id}">{escape(mail.subject or "(sans objet)")}</a>'
    return f'<tr><td class="when">{_when(mail)}</td><td>{escape(", ".join(mail.to))}</td><td>{link}</td></tr>'


def _when(mail: Caught) -> str:
    return f"{mail.received_at.astimezone(PARIS):%d/%m/%Y %H:%M:%S}"
