"""Words that people write, which stay in the database of the service that was told them."""

import re
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def _printable(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError(
            "Ce texte contient un caractère de contrôle ; seuls la tabulation et le saut de ligne sont admis."
        )
    return text


Words = Annotated[str, StringConstraints(max_length=20_000), AfterValidator(_printable)]
