"""JSON that two readers would read in two ways: a name given twice in one object, a number that JSON does not have."""

import json

from .codes import DeadLetterCode
from .undecodable import Undecodable


def refuse_ambiguity(value: bytes) -> None:
    """Raises `Undecodable` for bytes that pydantic takes for JSON, and others would not or read in another way."""
    fault = _ambiguity(value)
    if fault is not None:
        raise fault


def _ambiguity(value: bytes) -> Undecodable | None:
    try:
        _STRICT.decode(value.decode())
    except _NameTwice:
        return Undecodable(DeadLetterCode.DUPLICATE_NAME, "", "a name given twice in one object")
    except _NotANumber:
        return Undecodable(DeadLetterCode.NOT_JSON, "", "not JSON: NaN or an infinity")
    except RecursionError:
        # What pydantic takes is 200 deep at most: only a caller whose stack is nearly full comes here.
        return Undecodable(DeadLetterCode.NOT_JSON, "", "nested too deep")
    return None


class _NameTwice(Exception):  # noqa: N818 - never leaves this module, as the next
    pass


class _NotANumber(Exception):  # noqa: N818
    pass


def _distinct(pairs: list[tuple[str, object]]) -> None:
    if len(dict(pairs)) != len(pairs):
        raise _NameTwice


def _no_number(name: str) -> None:
    raise _NotANumber(name)


# Other readers take the first of two equal names, we would take the last: neither is what was meant. Numbers stay as
# they are written: Python limits the digits of those it converts.
_STRICT = json.JSONDecoder(object_pairs_hook=_distinct, parse_constant=_no_number, parse_int=str, parse_float=str)
