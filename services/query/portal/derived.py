"""What follows from a secret and from nothing else: many values, none of which tells of another or of the secret."""

import base64
import hmac


def derived(secret: str, what: str) -> bytes:
    """32 bytes (HMAC-SHA-256)."""
    return hmac.digest(secret.encode(), what.encode(), "sha256")


def derived_text(secret: str, what: str) -> str:
    """The same in 43 characters that addresses and forms bear."""
    return unpadded(derived(secret, what))


def unpadded(octets: bytes) -> str:
    """RFC 7515, base64url."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
