"""What numbering's document says of its routes."""

from typing import Final

from infoparquet_contracts.identifiers import AuthorityCode, Number, ProcedureId, Time

from chassis.described import Answer, Content, Description, Operation, Shown
from services.numbering.examples import NUMBER


class GivenNumber(Shown):
    """A number and whose it is."""

    number: Number
    procedure: ProcedureId
    authority: AuthorityCode
    allocated_at: Time


DESCRIPTION: Final = Description(
    "Donne son numéro national à chaque procédure, et dit à quelle procédure appartient un numéro.",
    {"numéros": "Les numéros attribués."},
    {
        "GET /v1/numbers/{number}": Operation(
            {
                200: Answer(
                    Content(GivenNumber, {"local-authority": NUMBER}),
                    "La procédure, l’autorité qui a numéroté et l’instant.",
                )
            },
            "Une administration ne voit que ses procédures. Une clé de contrôle fausse est une erreur 400 : le numéro "
            "a été mal saisi ; un numéro bien formé mais inconnu, une erreur 404.",
            problems={400: ("mistyped-number",), 404: ("unknown-number",)},
        )
    },
)
