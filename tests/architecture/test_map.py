"""docs/architecture.md names what is there, and names all of it."""

import re

from tests.architecture.sources import ROOT

MAP = (ROOT / "docs/architecture.md").read_text()


def test_every_path_on_the_map_exists() -> None:
    paths = set(re.findall(r"`([a-z_]+(?:/[\w.]+)+)`", MAP)) | {
        f"docs/{name}" for name in re.findall(r"\]\((\S+?)\)", MAP)
    }

    assert len(paths) > 20
    assert {path for path in paths if not (ROOT / path).exists()} == set()


def test_every_module_of_the_core_is_on_the_map() -> None:
    modules = {f"cqrs/{path.name}" for path in (ROOT / "cqrs").glob("*.py")} - {"cqrs/__init__.py", "cqrs/apps.py"}

    assert {module for module in modules if f"`{module}`" not in MAP} == set()


def test_every_package_is_on_the_map() -> None:
    packages = {path.parent for path in ROOT.glob("*/__init__.py")} | {
        path.parent for path in ROOT.glob("cqrs/*/__init__.py")
    }

    assert {str(path.relative_to(ROOT)) for path in packages if f"`{path.relative_to(ROOT)}`" not in MAP} == set()
