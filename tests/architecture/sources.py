"""The source files of the project, as the tests of its structure read them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

# What runs in a replica or a worker.
APPLICATION = ("cqrs", "cqrs_project", "users_command", "users_query", "services")
EVERYTHING = (*APPLICATION, "infra", "tests", "benchmarks")


@dataclass(frozen=True)
class Source:
    """One Python file: its path from the root, its text and its syntax tree."""

    path: Path
    text: str
    tree: ast.Module


def sources(*folders: str) -> Iterator[Source]:
    """Yield every Python file of the folders but migrations, whose form Django prescribes."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                text = path.read_text()
                yield Source(path.relative_to(ROOT), text, ast.parse(text, str(path)))
