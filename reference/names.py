"""Courts' names as people read them: in full at the beginning of a line, and inside a sentence."""

from reference.courts import NATIONAL_PROSECUTORS, Courts


class Names:
    """The names of courts as they begin a line."""

    def __init__(self, courts: Courts) -> None:
        self._names = dict(NATIONAL_PROSECUTORS) | {code: _typographic(court.name) for code, court in courts.items()}

    def of(self, tribunal: str) -> str:
        """« Tribunal judiciaire de Bordeaux », or the code of a court that the reference data lack."""
        return self._names.get(tribunal, f"Tribunal {tribunal}")

    def all(self) -> list[tuple[str, str]]:
        """Every court that is known, by its code, in the order of the names."""
        return sorted(self._names.items(), key=lambda court: court[1])

    def within(self, tribunal: str) -> str:
        """The same inside a sentence, « tribunal judiciaire de Bordeaux »: all are masculine."""
        name = self.of(tribunal)
        return name[0].lower() + name[1:]


def _typographic(name: str) -> str:
    # The Ministry writes « Tribunal judiciaire de St Gaudens ».
    return name.replace(" St ", " Saint-").replace("Première Instance", "première instance").replace("'", "’")
