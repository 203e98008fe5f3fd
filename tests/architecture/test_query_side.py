"""The query side never touches Django's ORM: neither in its own files nor through anything that it imports."""

import ast

import grimp
import pytest

from tests.architecture.sources import ROOT


def imports_orm(text: str) -> bool:
    """Tell whether the source imports django.db, in whichever spelling."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return any(f"{name}.".startswith("django.db.") for name in names)


def source_of(module: str) -> str:
    path = ROOT.joinpath(*module.split("."))
    return (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text()


def test_it_reaches_no_module_that_uses_the_orm() -> None:
    graph = grimp.build_graph("users_query", "users_command", "cqrs", cache_dir=None)
    query_side = {"users_query", *graph.find_descendants("users_query")}
    reached = query_side.union(*(graph.find_upstream_modules(module) for module in query_side))

    with_orm = sorted(module for module in reached if imports_orm(source_of(module)))

    assert len(reached) > len(query_side)
    assert with_orm == []


@pytest.mark.parametrize(
    "line",
    [
        "import django.db",
        "import django.db.models as m",
        "from django import db",
        "from django.db import connection",
        "from django.db.models import Q",
        "def f():\n    from django.db import connection",
    ],
)
def test_every_spelling_of_the_import_is_seen(line: str) -> None:
    assert imports_orm(line)


@pytest.mark.parametrize("line", ["from django.conf import settings", "import django", "from .django import db"])
def test_other_imports_are_not_taken_for_it(line: str) -> None:
    assert not imports_orm(line)
