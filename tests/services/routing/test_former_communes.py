"""A commune that another took the place of is named with it."""

import pytest

from reference import default_url, load
from reference.communes import Communes
from services.routing.wording import locate

BAZAS = load(default_url()).communes.by_code["33036"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Aillas-le-Vieux", "dans l’ancienne commune d’Aillas-le-Vieux, que remplace la commune de Bazas (Gironde)"),
        ("Le Nizan", "dans l’ancienne commune du Nizan, que remplace la commune de Bazas (Gironde)"),
    ],
)
def test_it_is_named_with_the_commune_of_today(name: str, words: str) -> None:
    former = BAZAS._replace(code="33999", name=name, kind="FORMER", parent="33036")
    assert locate(former, Communes({"33036": BAZAS, "33999": former})) == words
