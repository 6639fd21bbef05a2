"""The portal's two cookies: of the session, and of a sign-in under way; no script reads them."""

from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from fastapi import Request, Response

# Seconds within which somebody signs in at the issuer.
ATTEMPT_SECONDS: Final = 600
# Browsers keep 4 KiB; what is longer is not ours.
_LONGEST: Final = 2048


@dataclass(frozen=True, slots=True)
class Cookies:
    """Over https they bear the prefix `__Host-`, so that no other host of the domain can set them."""

    secure: bool

    @classmethod
    def of(cls, public_url: str) -> "Cookies":
        """As the portal's address allows."""
        return cls(urlsplit(public_url).scheme == "https")

    def read(self, request: Request, which: Literal["session", "attempt"]) -> str | None:
        """None where there is none, or one that is not ours."""
        found = request.cookies.get(self._name(which))
        return found if found and len(found) <= _LONGEST and found.isascii() else None

    def give(self, response: Response, which: Literal["session", "attempt"], value: str) -> None:
        """Without an age for the session: it ends with the browser at the latest."""
        age = ATTEMPT_SECONDS if which == "attempt" else None
        response.set_cookie(self._name(which), value, age, httponly=True, secure=self.secure, samesite="lax")

    def take_back(self, response: Response, which: Literal["session", "attempt"]) -> None:
        """The browser forgets it."""
        response.delete_cookie(self._name(which), httponly=True, secure=self.secure, samesite="lax")

    def _name(self, which: str) -> str:
        return f"{'__Host-' if self.secure else ''}infoparquet-{which}"
