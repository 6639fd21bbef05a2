"""`infoparquet up` with stand-ins for the services: `run_up.py DATA PORT_BASE BROKER [SERVICES]`."""

import asyncio
import sys
from pathlib import Path

from cli.up import run_until_stopped
from deploy.local.failures import StackError
from deploy.local.options import Options, read_only


def main(data: str, port_base: str, broker: str, services: str | None = None) -> None:
    standin = Path(__file__).with_name("standin.py")
    options = Options(
        data=Path(data),
        port_base=int(port_base),
        broker=broker,
        only=read_only(services),
        command=(sys.executable, str(standin)),
    )
    try:
        asyncio.run(run_until_stopped(options))
    except StackError as failure:
        sys.exit(str(failure))


if __name__ == "__main__":
    main(*sys.argv[1:])
