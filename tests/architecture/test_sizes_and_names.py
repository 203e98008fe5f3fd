"""One idea a file, named after it: files and functions stay small, and no name says nothing."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.sources import EVERYTHING, ROOT, sources

LONGEST_FILE = 300
LONGEST_FUNCTION = 40
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "misc", "tools", "shared"}
# Written by others and stored here so that the page needs no network.
VENDORED = {"vendor"}


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def browser_and_shell_files() -> Iterator[Path]:
    for folder in ("static", "infra", "docker"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".js", ".css", ".html", ".sh", ".sql"} and not VENDORED & set(path.parts):
                yield path


def test_no_python_file_is_longer_than_300_lines() -> None:
    lengths = {str(source.path): source.text.count("\n") for source in sources(*EVERYTHING)}

    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_no_other_source_file_is_longer_than_300_lines() -> None:
    lengths = {str(path.relative_to(ROOT)): path.read_text().count("\n") for path in browser_and_shell_files()}

    assert lengths
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_no_function_is_longer_than_40_lines() -> None:
    lengths = {
        f"{source.path}:{function.lineno} {function.name}": length(function)
        for source in sources(*EVERYTHING)
        for function in functions(source.tree)
    }

    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}


def test_no_file_or_folder_has_a_name_that_says_nothing() -> None:
    paths = [source.path for source in sources(*EVERYTHING)]
    paths += [path.relative_to(ROOT) for path in browser_and_shell_files()]

    saying_nothing = {str(path) for path in paths if EMPTY_NAMES & {*path.parts[:-1], *re.split(r"[._]", path.stem)}}

    assert saying_nothing == set()
