"""The page of the development issuer on which one chooses who to be."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from deploy.local.identities import Organisation
from deploy.local.oauth_server import Person

_PAGE = """<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>
body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; color: #161616 }}
input, button {{ font: inherit; padding: .6rem .8rem; box-sizing: border-box }}
input {{ width: 100%; margin: .4rem 0 1rem; border: 1px solid #3a3a3a }}
button {{ background: #000091; color: #fff; border: 0; cursor: pointer }}
.note {{ background: #f6f6f6; border-left: 4px solid #000091; padding: .6rem 1rem }}
.error {{ color: #b34000; font-weight: bold }}
</style>
</head>
<body><main>{body}</main></body>
</html>
"""
_FORM = """<h1>Se connecter à infoParquet</h1>
<p class="note">Poste de développement : aucun mot de passe n’est demandé, choisissez simplement qui vous êtes.</p>
{error}<form method="post">
<label for="who">Votre organisation et votre fonction</label>
<input id="who" name="who" list="people" required autofocus autocomplete="off"
 placeholder="Tapez par exemple « Bordeaux »"{invalid}>
<datalist id="people">
{options}
</datalist>
<button>Se connecter</button>
</form>"""
_ERROR = '<p class="error" id="error">Ce choix n’est pas dans la liste : choisissez l’une de ses lignes.</p>\n'


def choice_page(known: Sequence[Organisation], *, unknown: bool = False) -> str:
    """The form, again with a word about the last choice when it was `unknown`."""
    options = "\n".join(f'<option value="{escape(text)}">' for text, _ in _people(known))
    error, invalid = (_ERROR, ' aria-invalid="true" aria-describedby="error"') if unknown else ("", "")
    return _PAGE.format(title="Se connecter", body=_FORM.format(options=options, error=error, invalid=invalid))


def refusal_page(reason: str) -> str:
    """For a program whose request cannot be answered."""
    body = f"<h1>Demande de connexion refusée</h1><p>L’application l’a mal formulée : {escape(reason)}</p>"
    return _PAGE.format(title="Demande refusée", body=body)


def read_choice(form: Mapping[str, str], known: Sequence[Organisation]) -> Person | None:
    """Who was chosen, None for nobody we know."""
    return dict(_people(known)).get(form.get("who", "").strip())


def _people(known: Sequence[Organisation]) -> Iterator[tuple[str, Person]]:
    for organisation in known:
        for role, label in organisation.roles.items():
            yield f"{organisation.label} ({organisation.name}), {label}", Person(organisation.name, role)
