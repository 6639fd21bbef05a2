"""What can go wrong on the machine that runs the local stack, worded for the person in front of it."""


class StackError(Exception):
    """The stack cannot start or go on. `what` and `why` say what happened, `remedy` what to do (all French)."""

    def __init__(self, what: str, *, why: str, remedy: str) -> None:
        super().__init__(what, why, remedy)
        self.what = what
        self.why = why
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what} : {self.why}\n{self.remedy}"


class WrongUseError(StackError):
    """An option cannot be honoured as it was written."""


class NotFetchedError(StackError):
    """Something that is downloaded once could not be."""
