"""The codes of v1: English identifiers, each with the French label that people read.

A value is never removed from v1 nor given another meaning.
"""

from enum import StrEnum
from typing import Self


class Code(StrEnum):
    """A value on the wire and its French label."""

    label: str

    # Every member has its label; the default is for type checkers, which read `Kind("report")` as this call.
    def __new__(cls, value: str, label: str = "") -> Self:
        code = str.__new__(cls, value)
        code._value_ = value
        code.label = label
        return code


class Kind(Code):
    ARTICLE_40 = "article-40", "Signalement de l’article 40"
    REPORT = "report", "Rapport"
    OFFICIAL_RECORD = "official-record", "Procès-verbal"
    COMPLAINT = "complaint", "Plainte"


class UrgencyReason(Code):
    LIMITATION = "limitation", "Prescription proche"
    DANGER = "danger", "Danger pour une personne"
    CUSTODY = "custody", "Personne retenue ou gardée à vue"
    EVIDENCE = "evidence", "Risque de disparition des preuves"
    OTHER = "other", "Autre motif"


class Ground(Code):
    """What ties a place to the procedure (CPP art. 43; the seat of a legal person, art. 706-42)."""

    FACTS = "facts", "Lieu des faits"
    RESIDENCE = "residence", "Résidence de la personne soupçonnée"
    SEAT = "seat", "Siège de la personne morale"
    ARREST = "arrest", "Lieu de l’arrestation"
    DETENTION = "detention", "Lieu de détention"


class Formation(Code):
    """A specialised formation of a court, reached through that court's topic."""

    JIRS = "jirs", "Juridiction interrégionale spécialisée – criminalité organisée"
    JIRS_FINANCIAL = "jirs-financial", "Juridiction interrégionale spécialisée – économique et financier"
    FINANCIAL = "financial", "Pôle économique et financier"
    PUBLIC_HEALTH = "public-health", "Pôle de santé publique et environnement"
    COLLECTIVE_ACCIDENTS = "collective-accidents", "Pôle accidents collectifs"
    ENVIRONMENT = "environment", "Pôle régional environnemental"
    COASTAL = "coastal", "Juridiction du littoral spécialisée"
    CYBER = "cyber", "Section de lutte contre la cybercriminalité"
    ONLINE_HATRED = "online-hatred", "Pôle national de lutte contre la haine en ligne"
    COLD_CASES = "cold-cases", "Pôle des crimes sériels ou non élucidés"
    MILITARY = "military", "Juridiction spécialisée en matière militaire"
    MARITIME = "maritime", "Tribunal maritime"
    EUROPEAN = "european", "Procureurs européens délégués"


class UnroutableReason(Code):
    NO_PLACE_OF_FACTS = "no-place-of-facts", "Aucun lieu ne fonde la compétence"
    PLACE_WITHOUT_COMMUNE = "place-without-commune", "Lieu sans commune"
    COMMUNE_WITHOUT_COURT = "commune-without-court", "Commune sans tribunal connu"
    PRECINCTS_UNKNOWN = "precincts-unknown", "Commune partagée : emprise de l’aérodrome à préciser"
    SEVERAL_COURTS = "several-courts", "Plusieurs tribunaux compétents sans règle pour choisir"
    OUTSIDE_VALIDITY = "outside-validity", "Aucune règle en vigueur à cette date"
    DECLINED_WITHOUT_OTHER = "declined-without-other", "Tribunal dessaisi sans autre tribunal désigné"
    DECLINED_TWICE = "declined-twice", "Deux tribunaux se sont déclarés incompétents"
    COURT_NOT_SERVED = "court-not-served", "Tribunal compétent non relié"


class WithdrawalReason(Code):
    SENT_IN_ERROR = "sent-in-error", "Envoi par erreur"
    DUPLICATE = "duplicate", "Doublon d’une autre procédure"
    FACTS_NOT_ESTABLISHED = "facts-not-established", "Faits non établis après vérification"
    REGULARISED = "regularised", "Situation régularisée"
    SETTLED = "settled", "Transaction ou sanction administrative"
    SENT_OTHERWISE = "sent-otherwise", "Transmission par une autre voie"
    OTHER = "other", "Autre motif"


class DeclineReason(Code):
    OTHER_TERRITORY = "other-territory", "Incompétence territoriale"
    SPECIALISED_COURT = "specialised-court", "Compétence d’une juridiction spécialisée"
    OTHER_MATTER = "other-matter", "Incompétence matérielle"
    ALREADY_SEISED = "already-seised", "Autre tribunal déjà saisi des mêmes faits"
    OTHER = "other", "Autre motif"


class RecallReason(Code):
    DECLINED = "declined", "Le tribunal s’est déclaré incompétent"
    REASSIGNED = "reassigned", "Procédure attribuée à un autre tribunal"
    WITHDRAWN = "withdrawn", "Procédure retirée par l’administration"


class MissingItem(Code):
    DOCUMENT_UNREADABLE = "document-unreadable", "Pièce illisible"
    OFFICIAL_RECORD = "official-record", "Procès-verbal"
    SIGNATURE = "signature", "Signature de l’agent"
    AUTHORITY_OF_AGENT = "authority-of-agent", "Habilitation ou commissionnement de l’agent"
    HEARING = "hearing", "Audition de la personne mise en cause"
    IDENTITY = "identity", "Identité de la personne mise en cause"
    REGISTRATION_OF_COMPANY = "registration-of-company", "Extrait d’immatriculation de la personne morale"
    VICTIM = "victim", "Identité ou préjudice de la victime"
    PLACE = "place", "Lieu des faits"
    DATE = "date", "Date des faits"
    QUALIFICATION = "qualification", "Qualification ou code NATINF"
    FORMAL_NOTICE = "formal-notice", "Mise en demeure préalable"
    ADMINISTRATIVE_FOLLOW_UP = "administrative-follow-up", "Suites administratives données"
    EXPERT_REPORT = "expert-report", "Analyse ou expertise"
    PHOTOGRAPHS = "photographs", "Photographies ou plans"
    OTHER = "other", "Autre élément"


class Orientation(Code):
    INVESTIGATION = "investigation", "Enquête"
    ALTERNATIVE = "alternative", "Alternative aux poursuites"
    PENAL_COMPOSITION = "penal-composition", "Composition pénale"
    PROSECUTION = "prosecution", "Poursuites"
    JUDICIAL_INVESTIGATION = "judicial-investigation", "Ouverture d’une information judiciaire"
    DISMISSAL = "dismissal", "Classement sans suite"


class DismissalGround(Code):
    """As the Ministry's statistics name them: first what forbids to prosecute, then what makes it inopportune."""

    NO_OFFENCE = "no-offence", "Absence d’infraction"
    INSUFFICIENT_EVIDENCE = "insufficient-evidence", "Infraction insuffisamment caractérisée"
    COMPLAINT_WITHDRAWN = "complaint-withdrawn", "Extinction de l’action publique : retrait de plainte"
    AMNESTY = "amnesty", "Extinction de l’action publique : amnistie"
    SETTLEMENT = "settlement", "Extinction de l’action publique : transaction"
    DEATH = "death", "Extinction de l’action publique : décès de l’auteur"
    LIMITATION = "limitation", "Extinction de l’action publique : prescription"
    REPEAL = "repeal", "Extinction de l’action publique : abrogation de la loi pénale"
    RES_JUDICATA = "res-judicata", "Extinction de l’action publique : chose jugée"
    IMMUNITY = "immunity", "Immunité"
    IRREGULARITY = "irregularity", "Irrégularité de la procédure"
    NOT_RESPONSIBLE = "not-responsible", "Irresponsabilité de l’auteur"
    UNKNOWN_OFFENDER = "unknown-offender", "Auteur inconnu"
    SEARCHES_IN_VAIN = "searches-in-vain", "Recherches infructueuses"
    COMPLAINANT_DESISTED = "complainant-desisted", "Désistement du plaignant"
    COMPLAINANT_INACTIVE = "complainant-inactive", "Carence du plaignant"
    MENTAL_CONDITION = "mental-condition", "État mental déficient"
    VICTIM_CONDUCT = "victim-conduct", "Comportement de la victime"
    VICTIM_COMPENSATED = "victim-compensated", "Victime désintéressée d’office"
    REGULARISED = "regularised", "Régularisation d’office"
    MINOR_HARM = "minor-harm", "Préjudice ou trouble peu important causé par l’infraction"
    OTHER_SANCTION = "other-sanction", "Autres poursuites ou sanctions de nature non pénale"


class Channel(Code):
    MAIL = "mail", "Courriel"
    WEBHOOK = "webhook", "Webhook"


class NotificationFailure(Code):
    NO_ADDRESS = "no-address", "Aucune adresse connue"
    ADDRESS_REFUSED = "address-refused", "Adresse refusée"
    MESSAGE_REFUSED = "message-refused", "Message refusé par le destinataire"
    UNREACHABLE = "unreachable", "Destinataire injoignable"
    TIMED_OUT = "timed-out", "Délai dépassé"
    CERTIFICATE_REFUSED = "certificate-refused", "Certificat du destinataire refusé"
    UNSUBSCRIBED = "unsubscribed", "Abonnement supprimé entre-temps"
    OUTCOME_UNKNOWN = "outcome-unknown", "Issue inconnue"


class ReplyRefusal(Code):
    UNREADABLE = "unreadable", "Réponse illisible"
    UNKNOWN_PROCEDURE = "unknown-procedure", "Procédure inconnue"
    OTHER_TRIBUNAL = "other-tribunal", "Procédure d’un autre tribunal"
    OTHER_DELIVERY = "other-delivery", "Réponse à une autre remise que celle en vigueur"
    OUT_OF_TURN = "out-of-turn", "Réponse impossible dans l’état de la procédure"
    REUSED_ID = "reused-id", "Identifiant déjà pris par une autre réponse"


class DeadLetterCode(Code):
    NULL_HEADER = "null-header", "En-tête sans valeur"
    HEADER_NOT_UTF8 = "header-not-utf8", "En-tête hors UTF-8"
    DUPLICATE_HEADER = "duplicate-header", "En-tête en double"
    MISSING_HEADER = "missing-header", "En-tête absent"
    INVALID_HEADER = "invalid-header", "En-tête mal formé"
    UNSUPPORTED_SPECVERSION = "unsupported-specversion", "Version de CloudEvents inconnue"
    UNKNOWN_TYPE = "unknown-type", "Type d’événement inconnu"
    SUBJECT_MISMATCH = "subject-mismatch", "Clé, sujet ou procédure qui ne concordent pas"
    NO_VALUE = "no-value", "Message sans contenu"
    TOO_LARGE = "too-large", "Message trop volumineux"
    NOT_JSON = "not-json", "Contenu qui n’est pas du JSON"
    DUPLICATE_NAME = "duplicate-name", "Nom en double dans un objet JSON"
    SCHEMA_VIOLATION = "schema-violation", "Contenu contraire au schéma"
    UNPROCESSABLE = "unprocessable", "Fait inapplicable"
    DATABASE_REFUSED = "database-refused", "Donnée refusée par la base"
    BROKER_REFUSED = "broker-refused", "Message refusé par le bus"


class Status(Code):
    SUBMITTED = "submitted", "Déposée"
    NUMBERED = "numbered", "Numérotée"
    ROUTED = "routed", "Orientée"
    UNROUTABLE = "unroutable", "À orienter par un opérateur"
    DELIVERED = "delivered", "Remise au tribunal"
    ACKNOWLEDGED = "acknowledged", "Prise en charge"
    REGISTERED = "registered", "Enregistrée au bureau d’ordre"
    SUPPLEMENT_REQUESTED = "supplement-requested", "Complément demandé"
    DECLINED = "declined", "Déclinée par le tribunal"
    ASSIGNED = "assigned", "Attribuée"
    DECIDED = "decided", "Décidée"
    CLOSED = "closed", "Close"
    WITHDRAWN = "withdrawn", "Retirée"
