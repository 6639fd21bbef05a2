"""`Repr-Digest` (RFC 9530): the SHA-256 that a body should have, and that an answer has. Pure."""

import base64

from http_sfv.dictionary import Dictionary

SHA256_BYTES = 32


class BadDigest(ValueError):  # noqa: N818
    """The header cannot be read, or names no SHA-256 where it is wanted."""


def promised(header: str | None) -> str | None:
    """SHA-256 in hexadecimal; None where nothing, or another algorithm, is given. Raises BadDigest."""
    if header is None:
        return None
    digests = Dictionary()
    try:
        digests.parse(header.encode())
        given = digests["sha-256"].value if "sha-256" in digests else None
    except (ValueError, AttributeError, TypeError, KeyError) as error:
        raise BadDigest from error
    if given is None:
        return None
    if not isinstance(given, bytes) or len(given) != SHA256_BYTES:
        raise BadDigest
    return given.hex()


def written(sha256: str) -> str:
    """The header's value for a SHA-256 in hexadecimal."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"
