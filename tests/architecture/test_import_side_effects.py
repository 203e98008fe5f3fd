"""Importing a module defines names and does nothing else: what registers, connects or starts is called by bootstrap."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.architecture.sources import APPLICATION, ROOT, sources

# Started by the server, never imported by another module; Django prescribes what stands in it.
ENTRY_POINTS = {"cqrs_project/wsgi.py"}
ACTING_VERBS = {"connect", "listen", "receiver", "register", "start", "subscribe"}

IMPORT_EVERYTHING = """
import json, pkgutil, sys, threading
import django

acts = []

def watch(event, arguments):
    mode = arguments[1] if event == "open" else None
    writes = isinstance(mode, str) and set(mode) & set("wax+")
    if writes or event in {"socket.connect", "socket.bind", "subprocess.Popen"}:
        acts.append(f"{event} {arguments}")

django.setup()
threads = set(threading.enumerate())
sys.addaudithook(watch)
modules = [module.name for name in sys.argv[1:] for module in pkgutil.walk_packages([name], name + ".")]
for module in modules:
    __import__(module)
acts += [f"thread {thread.name}" for thread in set(threading.enumerate()) - threads]
print(json.dumps({"modules": len(modules), "acts": acts}))
"""


def acts_on_import(body: list[ast.stmt]) -> Iterator[str]:
    """Yield what runs when the module is imported and does more than make a value."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from (ast.unparse(decorator) for decorator in node.decorator_list if is_act(decorator))
            yield from acts_on_import(node.body) if isinstance(node, ast.ClassDef) else ()
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            yield ast.unparse(node)
        elif not is_main_guard(node):
            yield from (ast.unparse(part) for part in ast.walk(node) if isinstance(part, ast.Call) and is_act(part))


def is_act(node: ast.expr) -> bool:
    called = node.func if isinstance(node, ast.Call) else node
    name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
    return name.split("_")[0] in ACTING_VERBS


def is_main_guard(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"


def test_no_module_acts_when_it_is_imported() -> None:
    acting = {str(source.path): list(acts_on_import(source.tree.body)) for source in sources(*APPLICATION)}

    assert {path: acts for path, acts in acting.items() if acts and path not in ENTRY_POINTS} == {}


@pytest.mark.parametrize(
    "text",
    [
        "registry.register(View)",
        "warm_up()",
        "client = connect(ADDRESS)",
        "@receiver(saved)\ndef handle(): ...",
        "@application.register\nclass Handler: ...",
        "class Store:\n    client = mongo.connect()",
        "if DEBUG:\n    thread.start()",
    ],
)
def test_an_act_is_seen(text: str) -> None:
    assert list(acts_on_import(ast.parse(text).body))


@pytest.mark.parametrize(
    "text",
    [
        "LOGGER = getLogger(__name__)",
        "def f():\n    register(1)",
        "if __name__ == '__main__':\n    main()",
        "'A docstring.'",
    ],
)
def test_a_definition_is_no_act(text: str) -> None:
    assert list(acts_on_import(ast.parse(text).body)) == []


def test_importing_all_of_it_opens_nothing_and_starts_nothing() -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "cqrs_project.settings",
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "MONGODB_URI": "mongodb://127.0.0.1:1/",
        "SECRET_KEY": "k" * 65,
    }

    result = subprocess.run(
        [sys.executable, "-B", "-c", IMPORT_EVERYTHING, *APPLICATION],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["modules"] > 50
    assert report["acts"] == []
