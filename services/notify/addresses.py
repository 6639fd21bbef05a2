"""Mail addresses as headers and SMTP commands may carry them. Pure."""

import re
from email.headerregistry import Address

# Neither quoted local parts nor address literals: nobody's, and the way into a header or a command for others.
_LOCAL = re.compile(r"[^\s\x00-\x1f\x7f<>()\[\]\\,;:@\"]{1,64}")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}", re.IGNORECASE)
LONGEST = 254
LONGEST_NAME = 80


def parse(address: str, name: str | None = None) -> Address | None:
    """The address with its display name, None where it is none; a domain with accents is written in ASCII (IDNA)."""
    local, _, domain = address.rpartition("@")
    if len(address) > LONGEST or not address.isprintable() or not _LOCAL.fullmatch(local):
        return None
    if local.startswith(".") or local.endswith(".") or ".." in local:
        return None
    try:
        domain = domain.encode("idna").decode()
    except UnicodeError:
        return None
    if not _DOMAIN.fullmatch(domain):
        return None
    return Address(display_name=on_one_line(name or ""), username=local, domain=domain)


def on_one_line(name: str) -> str:
    """A person's name as a header or a greeting may show it: printable, on one line, of a bearable length."""
    spaced = "".join(character if character.isprintable() else " " for character in name)
    return " ".join(spaced.split())[:LONGEST_NAME].strip()
