"""Many that send a document each at once, in a process of their own: `python -m cli.documents.crowd URL TOKEN N BYTES`.

It prints the statuses that they were answered, as JSON.
"""

import asyncio
import json
import os
import sys
from collections import Counter
from urllib.parse import urlsplit

import uvloop

_PIECE = 64 * 1024


async def deposit(url: str, token: str, content: bytes) -> int:
    """One document on a connection of its own; the status that it was answered, 0 where it was cut."""
    address = urlsplit(url)
    try:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(
            f"POST /v1/documents HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/octet-stream\r\nContent-Length: {len(content)}\r\n\r\n".encode()
        )
        for start in range(0, len(content), _PIECE):
            writer.write(content[start : start + _PIECE])
            await writer.drain()
        status = await reader.readline()
        writer.close()
        return int(status.split()[1])
    except (OSError, IndexError, ValueError):
        return 0


async def all_at_once(url: str, token: str, count: int, size: int) -> dict[str, int]:
    """How many were answered what."""
    content = bytes(size)
    answers = await asyncio.gather(*(deposit(url, token, content) for _ in range(count)))
    return {str(status): many for status, many in Counter(answers).items()}


if __name__ == "__main__":
    # They would be on machines of their own: of this one they take what the services leave.
    os.nice(19)
    print(json.dumps(uvloop.run(all_at_once(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))))
