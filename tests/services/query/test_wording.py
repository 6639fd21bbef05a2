"""Facts in French: every one has its sentence, and each sentence reads well."""

import pytest
from infoparquet_contracts.codes import DismissalGround, Formation, Orientation
from infoparquet_contracts.payload import Payload
from infoparquet_contracts.registry import FACTS
from infoparquet_contracts.status import Ineffective

from reference import default_url, load
from reference.names import Names
from services.query.wording import WHY_NOT, describe
from tests.contracts import builders
from tests.contracts.builders import DELIVERY, URGENT

NAMES = Names(load(default_url()).courts)
DISMISSED = builders.decided().model_copy(
    update={"orientation": Orientation.DISMISSAL, "ground": DismissalGround.NO_OFFENCE}
)
SENTENCES: list[tuple[Payload, str]] = [
    (
        builders.submitted(URGENT),
        (
            "Déposée par dreal-33 sous la référence DREAL33-2026-00042 (signalement de l’article 40) ; "
            "urgente : prescription proche, avant le 20/12/2026"
        ),
    ),
    (builders.supplemented(), "Complétée par une pièce"),
    (builders.supplemented().model_copy(update={"documents": ()}), "Complétée par des précisions"),
    (builders.withdrawn(), "Retrait demandé par l’administration : doublon d’une autre procédure"),
    (
        builders.document_infected(),
        (
            "Programme malveillant détecté dans une pièce de la procédure, non remise au tribunal : "
            "0192f0c1-0000-7000-8000-0000000000e1"
        ),
    ),
    (
        builders.document_infected(DELIVERY),
        (
            "Programme malveillant détecté dans une pièce d’un complément, non remise au tribunal : "
            "0192f0c1-0000-7000-8000-0000000000e1"
        ),
    ),
    (builders.numbered(), "Numéro 2026-00000042-26 attribué"),
    (
        builders.routed(),
        "Orientée vers le tribunal judiciaire de Bordeaux (règle place-of-facts, CPP art. 43)",
    ),
    (
        builders.routed("pnf").model_copy(update={"formation": Formation.FINANCIAL}),
        "Orientée vers le parquet national financier, pôle économique et financier (règle place-of-facts, CPP art. 43)",
    ),
    (builders.unroutable(), "Aucun tribunal désigné : lieu sans commune"),
    (builders.delivered("tj31483", DELIVERY), "Remise au tribunal judiciaire de Saint-Gaudens"),
    (builders.delivered("tj98818", DELIVERY), "Remise au tribunal de première instance de Nouméa"),
    (builders.acknowledged(), "Prise en charge par le tribunal judiciaire de Bordeaux"),
    (builders.registered(), "Enregistrée au bureau d’ordre sous le numéro de parquet 26327000045"),
    (
        builders.supplement_requested(),
        "Complément demandé par le tribunal judiciaire de Bordeaux : photographies ou plans",
    ),
    (
        builders.declined(),
        (
            "Déclinée par le tribunal judiciaire de Bordeaux : incompétence territoriale ; "
            "tribunal désigné : tribunal judiciaire de Paris"
        ),
    ),
    (builders.assigned(), "Attribuée à la section ECO2"),
    (builders.decided(), "Décision : enquête"),
    (DISMISSED, "Décision : classement sans suite (absence d’infraction)"),
    (builders.closed("tj99999", DELIVERY), "Close par le tribunal tj99999"),
    (builders.notified(), "Notification envoyée : dreal-33"),
    (
        builders.notification_failed(),
        "Notification non remise : tribunal judiciaire de Bordeaux, destinataire injoignable",
    ),
    (builders.overdue(), "Sans prise en charge au terme du délai, le 23/11/2026 à 10:00 (heure de Paris)"),
]


@pytest.mark.parametrize(("data", "sentence"), SENTENCES, ids=lambda value: getattr(value, "fact", ""))
def test_a_fact_reads_well(data: Payload, sentence: str) -> None:
    assert describe(data, NAMES) == sentence


def test_every_fact_has_its_sentence() -> None:
    assert {type(data) for data, _ in SENTENCES} == set(FACTS)


def test_every_reason_of_having_no_effect_has_its_words() -> None:
    assert set(WHY_NOT) == set(Ineffective)
