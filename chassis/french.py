"""Pydantic's errors in French, where what is not listed keeps a general sentence and never the value that was sent;
and moments, as people in France read them.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chassis.clock import PARIS

SENTENCES = {
    "missing": "Ce champ est obligatoire.",
    "extra_forbidden": "Ce champ n’existe pas.",
    "json_invalid": "Le corps n’est pas un document JSON valide.",
    "string_type": "Une chaîne de caractères est attendue.",
    "string_too_short": "Ce texte est trop court ({min_length} caractères au moins).",
    "string_too_long": "Ce texte est trop long ({max_length} caractères au plus).",
    "string_pattern_mismatch": "La forme attendue est {pattern}.",
    "string_unicode": "Ce texte n’est pas de l’UTF-8 valide.",
    "enum": "Les valeurs admises sont {expected}.",
    "literal_error": "Les valeurs admises sont {expected}.",
    "int_type": "Un nombre entier est attendu.",
    "int_parsing": "Un nombre entier est attendu.",
    "bool_type": "Un booléen est attendu.",
    "list_type": "Une liste est attendue.",
    "too_short": "Cette liste est trop courte ({min_length} éléments au moins).",
    "too_long": "Cette liste est trop longue ({max_length} éléments au plus).",
    "model_attributes_type": "Un objet JSON est attendu.",
    "model_type": "Un objet JSON est attendu.",
    "dict_type": "Un objet JSON est attendu.",
    "date_type": "Une date est attendue, sous la forme AAAA-MM-JJ.",
    "date_parsing": "Une date est attendue, sous la forme AAAA-MM-JJ.",
    "date_from_datetime_parsing": "Une date est attendue, sous la forme AAAA-MM-JJ.",
    "date_from_datetime_inexact": "Une date est attendue, sous la forme AAAA-MM-JJ.",
    "uuid_type": "Un identifiant UUID est attendu.",
    "uuid_parsing": "Un identifiant UUID est attendu.",
    "greater_than_equal": "La valeur doit être au moins {ge}.",
    "less_than_equal": "La valeur doit être au plus {le}.",
    "union_tag_not_found": "Ce champ ne permet pas de reconnaître la forme attendue.",
}


def moment(at: datetime) -> str:
    """« 23/11/2026 à 13:05 (heure de Paris) »."""
    return f"{at.astimezone(PARIS):%d/%m/%Y à %H:%M} (heure de Paris)"


def sentence(error: Mapping[str, Any]) -> str:
    """One French sentence for one pydantic error."""
    if error["type"] == "value_error":
        # Our own validators word themselves in French.
        return str(error.get("ctx", {}).get("error", "Cette valeur n’est pas admise."))
    template = SENTENCES.get(str(error["type"]), "Cette valeur n’est pas admise.")
    return template.format_map({**error.get("ctx", {}), "expected": _expected(error)})


def _expected(error: Mapping[str, Any]) -> str:
    return str(error.get("ctx", {}).get("expected", "")).replace(" or ", " ou ").replace("'", "")
