"""What the planner expects of a statement, as one that can be executed."""

from typing import Any

from sqlalchemy import Executable, Select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement


class Explain(Executable, ClauseElement):
    """Its one row and column is the plan, as PostgreSQL writes it in JSON."""

    inherit_cache = False

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement


@compiles(Explain)
def _written(explain: Explain, compiler: SQLCompiler, **given: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    return f"EXPLAIN (FORMAT JSON) {compiler.process(explain.statement, **given)}"
