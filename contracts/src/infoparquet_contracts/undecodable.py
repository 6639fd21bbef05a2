"""Why a record is no event of these contracts: a code, a place and a detail, never what was sent."""

from typing import Final

from .codes import DeadLetterCode


class Undecodable(Exception):  # noqa: N818 - says what is wrong without the suffix
    """`pointer` is a JSON pointer into the value, or `/headers/<name>`; `detail` never repeats what was sent."""

    def __init__(self, code: DeadLetterCode, pointer: str, detail: str) -> None:
        super().__init__(code, pointer, detail)
        self.code: Final = code
        self.pointer: Final = pointer
        self.detail: Final = detail

    def __str__(self) -> str:
        return f"{self.code.value} at {self.pointer or 'the value'}: {self.detail}"


class UnknownType(Undecodable):
    """A `ce_type` that these contracts do not know."""
