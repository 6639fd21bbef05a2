"""Each type of event as an AsyncAPI message: its headers, its payload, its key, its samples."""

from collections.abc import Mapping
from typing import Any, Final

from infoparquet_contracts.catalogue import CONTRACTS, Contract
from infoparquet_contracts.envelope import REQUIRED_HEADERS
from infoparquet_contracts.french import says
from infoparquet_contracts.identifiers import SOURCE_PATTERN, TIME_PATTERN, TRACEPARENT_PATTERN, UUID_PATTERN
from infoparquet_contracts.operations import RelayBatch
from infoparquet_contracts.overlap import NEWER
from infoparquet_contracts.published import GOLDEN, Golden
from infoparquet_contracts.schemas import schema_id, schema_of
from infoparquet_contracts.versions import SAME_AS

BINDING_VERSION: Final = "0.5.0"
RELAY_MESSAGE: Final = "relay-batch"
UUID: Final = {"type": "string", "pattern": f"^{UUID_PATTERN}$"}
ENVELOPE: Final[Mapping[str, Any]] = {
    "type": "object",
    "description": "Les attributs de CloudEvents 1.0, en mode binaire : chacun un en-tête en UTF-8, jamais vide.",
    "required": list(REQUIRED_HEADERS),
    "properties": {
        "ce_specversion": {"const": "1.0"},
        "ce_id": UUID | {"description": "Identifiant de l’événement ; déjà vu, l’événement est à écarter."},
        "ce_source": {
            "type": "string",
            "pattern": f"^{SOURCE_PATTERN}$",
            "description": "Qui l’a publié.",
        },
        "ce_type": {"type": "string", "description": "Type et version."},
        "ce_subject": UUID | {"description": "La procédure ; aussi la clé du message."},
        "ce_time": {"type": "string", "pattern": f"^{TIME_PATTERN}$", "description": "Heure, en UTC."},
        "ce_dataschema": {"type": "string", "format": "uri", "description": "Le $id du schéma de la valeur."},
        "content-type": {"const": "application/json"},
        SAME_AS: UUID | {"description": "Le ce_id sous lequel la plus ancienne version publiée dit la même chose."},
        NEWER: {"type": "string", "description": "Type, plus récent, dans lequel la même chose vient d’être publiée."},
        "traceparent": {"type": "string", "pattern": f"^{TRACEPARENT_PATTERN}$", "description": "W3C Trace Context."},
    },
}


def messages() -> dict[str, Any]:
    """By `ce_type`, and what relays write for themselves."""
    return {contract.model.event_type: _message(contract) for contract in CONTRACTS} | {RELAY_MESSAGE: _relay_batch()}


def _message(contract: Contract) -> dict[str, Any]:
    kind = contract.model.event_type
    named = {"ce_type": {"const": kind}, "ce_dataschema": {"const": schema_id(kind)}}
    return {
        "name": kind,
        "title": f"{contract.model.fact} v{contract.version}",
        "summary": says(contract.model),
        "contentType": "application/json",
        "headers": {"allOf": [{"$ref": "#/components/schemas/envelope"}, {"properties": named}]},
        "payload": payload_of(schema_of(contract.model)),
        "correlationId": {"description": "La procédure.", "location": "$message.header#/ce_subject"},
        "bindings": {"kafka": {"key": UUID, "bindingVersion": BINDING_VERSION}},
        "examples": [_example(one) for one in GOLDEN[kind]],
        **_until(contract),
    }


def _until(contract: Contract) -> dict[str, Any]:
    if contract.until is None:
        return {}
    day = contract.until.strftime("%d/%m/%Y")
    return {
        "deprecated": True,
        "description": f"Publiée à côté de la version suivante jusqu’au {day} ; lue sans terme.",
    }


def _example(golden: Golden) -> dict[str, Any]:
    document = golden.document
    return {"name": golden.case, "headers": document["headers"], "payload": document["value"]}


def _relay_batch() -> dict[str, Any]:
    schema = RelayBatch.model_json_schema()
    return {
        "name": RELAY_MESSAGE,
        "title": "Lot du relais",
        "summary": "Numéro du dernier lot qu’un relais a publié, dans la transaction de ce lot ; sans enveloppe.",
        "contentType": "application/json",
        "payload": payload_of(schema),
        "bindings": {"kafka": {"key": {"type": "string"}, "bindingVersion": BINDING_VERSION}},
    }


def payload_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The same schema in one piece: tools look for `$ref` from the document's root, and know draft 7."""
    definitions = schema.get("$defs", {})
    whole = _inlined({name: value for name, value in schema.items() if name not in ("$defs", "$schema")}, definitions)
    assert isinstance(whole, dict)  # noqa: S101 - it was one
    return whole


def _inlined(node: object, definitions: Mapping[str, Any]) -> object:
    if isinstance(node, list):
        return [_inlined(one, definitions) for one in node]
    if not isinstance(node, dict):
        return node
    beside = {name: _inlined(value, definitions) for name, value in node.items() if name != "$ref"}
    if "$ref" not in node:
        return beside
    referred = _inlined(definitions[node["$ref"].removeprefix("#/$defs/")], definitions)
    return {**referred, **beside} if isinstance(referred, dict) else beside
