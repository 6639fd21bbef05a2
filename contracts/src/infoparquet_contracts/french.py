"""The contracts in French, as the published documents word them: each type of event, each field; codes have labels."""

from collections.abc import Mapping
from types import MappingProxyType

from .payload import Payload
from .registry import NAMESPACE

# By what a type's name says without its version.
_SAYS = {
    "procedure.submitted": "Une administration a déposé une procédure.",
    "procedure.supplemented": "L’administration a ajouté des pièces, ou un texte gardé par le dépôt.",
    "procedure.withdrawn": "L’administration a retiré la procédure.",
    "procedure.document-infected": "Un programme malveillant a été détecté dans une pièce, qui n’est plus remise.",
    "procedure.numbered": "La procédure a reçu son numéro, une fois pour toutes.",
    "procedure.routed": "Le tribunal compétent a été trouvé, avec la règle qui le désigne.",
    "procedure.unroutable": "Aucune règle ne désigne de tribunal : un opérateur décidera.",
    "procedure.delivered": "La procédure a été remise au tribunal ; c’est le reçu de la remise.",
    "procedure.acknowledged": "Le tribunal a pris la procédure en charge.",
    "procedure.registered": "Le tribunal a enregistré la procédure au bureau d’ordre.",
    "procedure.supplement-requested": "Le tribunal a demandé un complément à l’administration.",
    "procedure.declined": "Le tribunal s’est déclaré incompétent.",
    "procedure.assigned": "Le tribunal a attribué la procédure à une section.",
    "procedure.decided": "Le parquet a décidé d’une orientation.",
    "procedure.closed": "Le tribunal a clos la procédure.",
    "procedure.notified": "Un destinataire a été averti d’un fait.",
    "procedure.notification-failed": "Un destinataire n’a pas pu être averti d’un fait.",
    "procedure.overdue": "Une procédure urgente n’a pas été prise en charge à temps.",
    "tribunal.delivery": "Remet une procédure au tribunal ; son ce_id est la remise que citent les réponses.",
    "tribunal.supplement": "L’administration a complété une procédure déjà remise.",
    "tribunal.withdrawal": "L’administration a retiré une procédure déjà remise ; cela ne lie pas le parquet.",
    "tribunal.recall": "Le tribunal n’est plus saisi de cette remise : il n’y répond plus et n’en lit plus le dossier.",
    "tribunal.notice": "Informe une juridiction spécialisée de ce qu’un autre tribunal a reçu, sans le dossier.",
    "tribunal.reply-refused": "Une réponse du tribunal n’a pas été admise, et pourquoi.",
    "reply.acknowledged": "Le tribunal prend la procédure en charge.",
    "reply.registered": "Le tribunal a enregistré la procédure au bureau d’ordre.",
    "reply.supplement-requested": "Le tribunal demande un complément à l’administration.",
    "reply.declined": "Le tribunal se déclare incompétent.",
    "reply.assigned": "Le tribunal attribue la procédure à une section.",
    "reply.decided": "Le parquet a décidé d’une orientation.",
    "reply.closed": "Le tribunal clôt la procédure.",
    "dead-letter": "Un service n’a pas pu traiter un message, ou le bus l’a refusé : où il est, jamais son contenu.",
}

# A name says the same wherever it stands, but where a path says otherwise.
FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "about": "Fait dont le destinataire a été averti (son ce_id)",
        "addressed": "Formation informée, et la règle qui la désigne",
        "administration": "Code de l’administration",
        "aerodrome": "Dans l’emprise de l’aérodrome qui partage la commune ; null si nul ne l’a dit",
        "at": "Quand, à l’horloge de qui le dit",
        "authority": "Autorité qui a donné le numéro",
        "bytes": "Taille en octets",
        "candidates": "Autres tribunaux qu’une règle aurait pu désigner",
        "channel": "Moyen employé",
        "code": "Motif, en code",
        "commune": "Code officiel de la commune ; null en mer, à l’étranger, en ligne ou si elle est inconnue",
        "competent": "Tribunaux qui seraient compétents, s’ils sont connus",
        "decision": "Tribunal saisi, et la règle qui le désigne",
        "delivery": "Remise (ce_id du message de remise)",
        "digest": "SHA-256 du contenu du message",
        "document": "Pièce (son identifiant)",
        "documents": "Pièces : leurs identifiants et leurs empreintes, jamais leur contenu",
        "dossier_url": "Où le tribunal lit le dossier, avec son propre jeton",
        "due": "Échéance dépassée",
        "facts": "Période des faits",
        "failure": "Raison de l’échec",
        "formation": "Formation spécialisée ; null pour le tribunal lui-même",
        "from": "Premier jour ; null s’il est inconnu",
        "ground": "Ce qui rattache le lieu à la procédure",
        "id": "Identifiant",
        "informed": "Informé de ce que reçoit le tribunal saisi",
        "kind": "Nature de la procédure",
        "legal_basis": "Articles sur lesquels repose la règle",
        "matched": "Ce sur quoi la règle s’est appuyée ; vide pour la décision d’un opérateur",
        "media_type": "Type de média",
        "missing": "Ce qui manque",
        "nataff": "Natures d’affaires (NATAFF)",
        "natinf": "Infractions (NATINF)",
        "number": "Numéro de la procédure, opaque",
        "offset": "Position dans la partition ; null pour un message jamais publié",
        "orientation": "Orientation décidée",
        "parquet_number": "Numéro de parquet",
        "partition": "Partition ; null pour un message jamais publié",
        "places": "Lieux",
        "pointer": "Champ en cause (pointeur JSON, ou /headers/nom) ; vide si c’est le message entier",
        "procedure": "Identifiant de la procédure, aussi clé et ce_subject",
        "reason": "Motif, en code",
        "recipient": "Organisation avertie",
        "reference": "Référence que l’administration donne à sa procédure",
        "reply": "Réponse du tribunal (son ce_id)",
        "rule": "Règle de compétence",
        "rule_set": "Version des règles",
        "section": "Section du parquet, jamais une personne",
        "service": "Service, en code",
        "sha256": "Empreinte SHA-256",
        "submitted_at": "Quand la procédure a été déposée",
        "subscription": "Abonnement ; null pour ce qui est dû sans abonnement",
        "supplement": "Identifiant du complément",
        "to": "Dernier jour ; null s’il est inconnu",
        "topic": "Sujet Kafka",
        "tribunal": "Code du tribunal",
        "tries": "Nombre d’essais",
        "until": "Avant quel jour ; null s’il n’est pas connu",
        "urgency": "Urgence ; null s’il n’y en a pas",
        "words": "Texte joint, gardé par le dépôt sous cet identifiant ; null s’il n’y en a pas",
    }
)
_FIELDS_OF_TYPES = {
    ("procedure.document-infected", "supplement"): "Complément auquel elle est jointe ; null si c’est à la procédure",
    ("procedure.routed", "candidates[].legal_basis"): "Articles sur lesquels repose sa règle ; null si nul ne l’a dit",
    ("procedure.decided", "ground"): "Motif du classement sans suite, et de lui seul",
    ("reply.decided", "ground"): "Motif du classement sans suite, et de lui seul",
    ("tribunal.reply-refused", "reply"): "Réponse refusée ; null si elle n’a pu être lue jusque-là",
    ("tribunal.reply-refused", "delivery"): "Remise en cause ; null si la réponse n’a pu être lue jusque-là",
    ("dead-letter", "topic"): "Sujet d’où vient le message, ou auquel il était destiné",
}


def says(model: type[Payload]) -> str:
    """What an event of that type says, in a sentence."""
    return _SAYS[_name(model)]


def field_says(model: type[Payload], path: str) -> str:
    """What a field of that type is; `path` as in `places[].commune`."""
    name = path.rpartition(".")[2].removesuffix("[]")
    return _FIELDS_OF_TYPES.get((_name(model), path)) or FIELDS[name]


def _name(model: type[Payload]) -> str:
    return model.event_type.removeprefix(NAMESPACE).rpartition(".v")[0]
