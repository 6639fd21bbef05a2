"""The budgets of how the code reads: lines a file, lines a function. `python -m tests.budgets` names what is over."""

import ast
import subprocess
import sys
from pathlib import Path
from statistics import median

FILE_LINES, TEST_FILE_LINES, FUNCTION_LINES = 300, 400, 50
MEDIAN_FILE, MEDIAN_FUNCTION = 130, 9


def main() -> int:
    """1 where a budget is exceeded."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.py"], capture_output=True, check=True)  # noqa: S607
    paths = [Path(name) for name in listed.stdout.decode().splitlines() if Path(name).exists()]
    sources = [path for path in paths if "migrations" not in path.parts]
    faults = [fault for path in sources for fault in _faults(path)]
    code = [path for path in sources if "tests" not in path.parts]
    typical = median(len(path.read_text().splitlines()) for path in code)
    functions = median(length for path in code for _, _, length in _functions(path))
    if typical > MEDIAN_FILE or functions > MEDIAN_FUNCTION:
        faults.append(f"medians: {typical} lines a file, {functions} a function")
    print("\n".join(faults) or f"budgets kept: {typical} lines a file, {functions} a function (medians)")
    return 1 if faults else 0


def _faults(path: Path) -> list[str]:
    lines = len(path.read_text().splitlines())
    most = TEST_FILE_LINES if "tests" in path.parts else FILE_LINES
    faults = [f"{path}: {lines} lines, {most} at most"] if lines > most else []
    return faults + [
        f"{path}:{start} {name}: {length} lines, {FUNCTION_LINES} at most"
        for name, start, length in _functions(path)
        if length > FUNCTION_LINES
    ]


def _functions(path: Path) -> list[tuple[str, int, int]]:
    tree = ast.parse(path.read_text())
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [(node.name, node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1) for node in nodes]


if __name__ == "__main__":
    sys.exit(main())
