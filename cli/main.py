"""The `infoparquet` command: one module a subcommand, of which only the one that is asked for is loaded."""

import importlib
import logging
import sys
from collections.abc import Mapping

import typer

# Services start as `infoparquet serve`: they must not pay for the imports of the others.
COMMANDS: Mapping[str, str] = {
    "up": "cli.up:up",
    "demo": "cli.demo:demo",
    "serve": "cli.service:serve",
    "migrate": "cli.service:migrate",
    "send": "cli.send:send",
    "follow": "cli.follow:follow",
    "competence": "cli.competence_group:group",
    "reference": "cli.reference:reference",
    "tribunal": "cli.tribunal:tribunal",
    "dead-letters": "cli.dead_letters:dead_letters",
    "contracts": "cli.contracts:group",
    "positions": "cli.positions:positions",
    "rebuild": "cli.rebuild:rebuild",
    "reconcile": "cli.reconcile:reconcile",
    "token": "cli.token:token",
    "bench": "cli.bench_group:group",
}


def assemble(words: list[str]) -> typer.Typer:
    """The command line that `words` need: the subcommand they name, or all of them."""
    app = typer.Typer(
        name="infoparquet",
        help="Des administrations aux parquets : procédures numérotées, orientées, remises, suivies.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    # With a callback, a single command keeps its name.
    app.callback()(lambda: None)
    for name in words[:1] if words and words[0] in COMMANDS else COMMANDS:
        module, _, attribute = COMMANDS[name].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def main() -> None:
    """Entry point of the console script. Exit codes: 0 done, 1 it failed, 2 wrong use."""
    # It says each failed attempt many times a second; the commands say what did not answer, once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    assemble(sys.argv[1:])()


if __name__ == "__main__":
    main()
