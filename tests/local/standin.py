"""What a service looks like from outside, so that the stack can be tried alone: `migrate NAME...`, `serve NAME`."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import asyncpg
from aiokafka.client import AIOKafkaClient


async def migrate(name: str, told: dict[str, str]) -> None:
    os.environ.update(told)
    connection = await asyncpg.connect(os.environ["INFOPARQUET_DATABASE_URL"])
    await connection.execute("create table if not exists starts (service text, at timestamptz default now())")
    await connection.close()
    client = AIOKafkaClient(bootstrap_servers=os.environ["INFOPARQUET_KAFKA_BOOTSTRAP"])
    await client.bootstrap()
    await client.close()
    if os.environ.get("STANDIN_FAILS") == name:
        sys.exit(f"{name} cannot migrate")


async def serve(name: str) -> None:
    connection = await asyncpg.connect(os.environ["INFOPARQUET_DATABASE_URL"])
    await connection.execute("insert into starts values ($1)", name)
    count = await connection.fetchval("select count(*) from starts")
    await connection.close()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        settings = {key: value for key, value in os.environ.items() if key.startswith("INFOPARQUET_")}
        body = json.dumps({"starts": count, "settings": settings}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    host, _, port = os.environ["INFOPARQUET_LISTEN"].partition(":")
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    async with await asyncio.start_server(answer, host, int(port)):
        await stopping.wait()


def main(what: str, *names: str) -> None:
    if what == "migrate":
        told = json.loads(os.environ.pop("INFOPARQUET_MIGRATIONS"))
        for name in names:
            asyncio.run(migrate(name, told[name]))
        return
    (name,) = names
    asyncio.run(serve(name))
    # So that a test can see that each was asked to end, and by then had what it stands on.
    with Path(os.environ["STANDIN_ENDS"]).open("a") as ends:
        ends.write(f"{name}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
