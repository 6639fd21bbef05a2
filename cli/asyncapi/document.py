"""The whole document, for all programs that read or write the topics."""

from importlib import metadata
from typing import Any, Final

from infoparquet_contracts.envelope import MAX_EVENT_BYTES

from cli.asyncapi.channels import channels
from cli.asyncapi.messages import ENVELOPE, messages
from cli.asyncapi.operations import operations

_DISTRIBUTION: Final = "infoparquet-contracts"
_DESCRIPTION: Final = f"""\
Les événements d’infoParquet : les faits du journal, les messages aux tribunaux, leurs réponses.

Une valeur est du JSON en UTF-8 ; avec sa clé et ses en-têtes, elle fait {MAX_EVENT_BYTES // 1024} Kio au plus. \
Les attributs de CloudEvents 1.0 sont des en-têtes `ce_…`. La clé est l’identifiant de la procédure : ses événements \
sont dans l’ordre. À lire en `read_committed`, en écartant un `ce_id` déjà vu, en ignorant un type ou un champ \
inconnu : d’autres viendront.

Les opérations sont celles des services, des tribunaux et des exploitants, comme leurs étiquettes le disent ; ce \
que chaque service lit est pris dans le code qui tourne. `x-written-by` et `x-read-by` sont les droits d’un sujet."""
_SERVER: Final = {
    "host": "kafka.infoparquet.example:9093",
    "protocol": "kafka-secure",
    "description": "Adresse d’exemple : chaque déploiement donne la sienne. SASL_SSL, ou TLS avec certificat client.",
    "security": [
        {"$ref": "#/components/securitySchemes/scram"},
        {"$ref": "#/components/securitySchemes/certificate"},
    ],
}
_SECURITY: Final = {
    "scram": {
        "type": "scramSha512",
        "description": "SASL_SSL, SCRAM-SHA-512 : le compte du service ou du tribunal, avec les droits de ses sujets.",
    },
    "certificate": {"type": "X509", "description": "TLS : le certificat du service ou du tribunal."},
}


def document() -> dict[str, Any]:
    """AsyncAPI 3.0, as JSON would have it."""
    distribution = metadata.metadata(_DISTRIBUTION)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "infoParquet",
            "version": distribution["Version"],
            "description": _DESCRIPTION,
            "license": {"name": distribution["License-Expression"], "url": "https://eupl.eu/1.2/fr/"},
        },
        "defaultContentType": "application/json",
        "servers": {"production": _SERVER},
        "channels": channels(),
        "operations": operations(),
        "components": {"messages": messages(), "schemas": {"envelope": ENVELOPE}, "securitySchemes": _SECURITY},
    }
