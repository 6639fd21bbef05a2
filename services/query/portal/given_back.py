"""What was typed in a form whose session had ended, with its labels: to be read, and sent from another session.

Only what people type has a label here, so nothing else of a form is shown: neither its proof nor its key.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from fastapi import Request
from infoparquet_contracts.codes import WithdrawalReason
from starlette.requests import ClientDisconnect

from chassis.problems import Problem
from services.query.portal.choices import BY_FACT, Field, coded
from services.query.portal.multipart import Multipart
from services.query.portal.steps import BY_NAME, Step
from services.query.portal.submission import told
from services.query.portal.visits import Form, read_form
from services.query.settings import UPLOADS_PATH

AGAIN: Final = (
    "Votre session a changé depuis que ce formulaire a été affiché : rien n’a été fait. Vérifiez ce que vous aviez "
    "saisi, puis recommencez."
)
_FORMS: Final[Mapping[str, Sequence[Field]]] = {
    "supplement": [Field("text", "Ce que vous ajoutez", "text")],
    "withdrawal": [
        Field("reason", "Motif", "choice", choices=coded(WithdrawalReason)),
        Field("comment", "Précision", "text"),
    ],
} | {fact: [*reply.fields, Field("text", "Message à l’administration", "text")] for fact, reply in BY_FACT.items()}
# Of the operators' forms, and of a saved view.
_OTHERS: Final = [
    Field("tribunal", "Tribunal", "text"),
    Field("reason", "Motif", "text"),
    Field("name", "Nom de la vue", "text"),
]


async def typed_in(request: Request) -> Sequence[tuple[str, str]]:
    """By their labels, what people typed, up to the first file; nothing of what cannot be read."""
    try:
        form = await _words(request)
    except (Problem, ClientDisconnect):
        return []
    step = BY_NAME.get(request.path_params.get("step", ""))
    if step is not None:
        return _in_step(step, form)
    return _in_fields(_FORMS.get(request.url.path.rpartition("/")[2], _OTHERS), form)


def page_of(request: Request) -> tuple[str, bool]:
    """The page that a form is on, and whether it is shown as it was filled in when another session sends it again."""
    path = request.url.path
    if path.startswith("/submit/"):
        return "/submit", True
    if path.startswith(("/procedures/", f"{UPLOADS_PATH}procedures/")):
        return f"/procedures/{request.path_params['id']}", True
    return "/", False


async def _words(request: Request) -> Form:
    if not request.url.path.startswith(UPLOADS_PATH):
        return await read_form(request)
    fields: list[tuple[str, str]] = []
    async for part in Multipart(request).parts():
        if part.filename is not None:
            break
        fields.append((part.name, await part.text()))
    return Form(fields)


def _in_step(step: Step, form: Form) -> Sequence[tuple[str, str]]:
    typed = told(step, form.below(step.names))
    return [
        (f"{part.title}{f' {number}' if part.many else ''} : {entry.label}", dict(entry.choices).get(value, value))
        for part in step.parts
        for number, row in enumerate(part.rows(typed), 1)
        for entry in row
        if (value := typed.get(entry.name))
    ]


def _in_fields(fields: Sequence[Field], form: Form) -> Sequence[tuple[str, str]]:
    return [
        (field.label, ", ".join(dict(field.choices).get(value, value) for value in values))
        for field in fields
        if (values := form.all(field.name))
    ]
