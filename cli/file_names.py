"""Names that files may have on any disk, whatever they were called: never a path, never empty, distinct. Pure."""

import unicodedata
from typing import Final

# With `.part` behind it, a name still fits where names are shortest, on eCryptfs: 143 bytes.
LONGEST: Final = 138
_LONGEST_SUFFIX: Final = 20
_UNNAMED: Final = "sans nom"
# What Windows refuses in a name; what stands before the last / or \ is no part of it.
_REFUSED: Final = str.maketrans(dict.fromkeys('<>:"|?*', "_"))


def numbered_name(position: int, name: str | None) -> str:
    """`01 - constat.pdf`: the number tells apart those of one name, and keeps `CON` from being a device's."""
    begin = f"{position:02d} - "
    return begin + _shortened(safe_name(name or ""), LONGEST - len(begin))


def safe_name(name: str) -> str:
    """The last part of a path, without what cannot be seen: control characters, and those that turn a text around."""
    last = name.replace("\\", "/").rpartition("/")[2]
    seen = "".join(one for one in last if not unicodedata.category(one).startswith("C") and one not in "\u2028\u2029")
    return _shortened(unicodedata.normalize("NFC", seen).translate(_REFUSED).strip(" ."), LONGEST) or _UNNAMED


def _shortened(name: str, most: int) -> str:
    """So many bytes at most, what follows the last dot kept."""
    if len(name.encode()) <= most:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix.encode()) > _LONGEST_SUFFIX:
        stem, dot, suffix = name, "", ""
    room = most - len((dot + suffix).encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(" .") + dot + suffix
