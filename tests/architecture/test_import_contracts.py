"""Who may import whom: the tree keeps every contract, and each contract breaks on an import that it forbids."""

import os
import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from tests.architecture.sources import APPLICATION, ROOT

PACKAGES = (*APPLICATION, "infra")

# For each contract a module and an import that this contract forbids, and no other one.
OFFENCES = {
    "package-knows-no-app": ("cqrs/web/health.py", "import users_query.commands"),
    "project-is-the-root": ("users_query/queries.py", "import cqrs_project"),
    "launcher-stays-outside": ("users_command/state.py", "import infra"),
    "core-is-plain": ("cqrs/worker.py", "import cqrs.eventlog.database"),
    "django-and-psycopg": ("cqrs/management/__init__.py", "import psycopg"),
    "postgresql-at-the-edge": ("cqrs/web/openapi_views.py", "import cqrs.eventlog.database"),
    "eventlog-knows-no-edge": ("cqrs/eventlog/window.py", "import cqrs.web.errors"),
    "pymongo": ("cqrs/web/openapi_views.py", "import pymongo"),
    "broker-stands-on-the-core": ("cqrs/broker/producer.py", "import cqrs.web.errors"),
    "changefeed-stands-on-the-broker": ("cqrs/changefeed/letters.py", "import cqrs.web.errors"),
    "delivery-stands-on-the-broker": ("cqrs/delivery/window.py", "import cqrs.web.errors"),
    "broker-knows-no-delivery": ("cqrs/broker/producer.py", "import cqrs.delivery.window"),
    "webhooks-stand-on-the-core": ("cqrs/webhooks/errors.py", "import cqrs.outbox.settings"),
    "outbox-stands-on-broker-and-port": ("cqrs/outbox/errors.py", "import cqrs.web.errors"),
    "broker-is-used-from-outside": ("cqrs/management/__init__.py", "import cqrs.broker.errors"),
    "publishers-stand-on-the-core": ("cqrs/publishers/broker_publisher.py", "import cqrs.web.errors"),
    "nats": ("cqrs/web/openapi_views.py", "import nats"),
    "command-side-without-mongodb": ("users_command/state.py", "import bson"),
    "command-side-knows-no-query-side": ("users_command/state.py", "import users_query.events"),
    "query-side-without-postgresql": ("users_query/queries.py", "import psycopg"),
    "query-side-knows-messages-only": ("users_query/queries.py", "import users_command.errors"),
    "services-know-no-app": ("services/purchases/shop.py", "import users_query.queries"),
    "apps-know-no-service": ("users_query/queries.py", "import services.classroom.enrolment"),
    "services-meet-through-events": ("services/classroom/enrolment.py", "import services.purchases.purchase"),
}


def contract_names() -> dict[str, str]:
    """Return the contracts of .importlinter: identifier to name."""
    configuration = ConfigParser()
    configuration.read(ROOT / ".importlinter")
    prefix = "importlinter:contract:"
    return {
        section.removeprefix(prefix): configuration[section]["name"]
        for section in configuration.sections()
        if section.startswith(prefix)
    }


def broken_contracts(folder: Path) -> set[str]:
    """Run the linter on the packages in the folder and return the identifiers of the contracts that broke."""
    result = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-logo", "--no-cache", "--config", ROOT / ".importlinter"],
        cwd=folder,
        # Wide enough that no name is broken over two lines.
        env={"PATH": os.environ["PATH"], "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )
    verdicts = dict(re.findall(r"^(.+?) (KEPT|BROKEN)(?: \(|$)", result.stdout, flags=re.MULTILINE))
    names = contract_names()
    assert set(names.values()) == set(verdicts), result.stdout + result.stderr
    return {identifier for identifier, name in names.items() if verdicts[name] == "BROKEN"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the packages that the linter reads."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", ".env"))
    return tmp_path


def test_the_tree_keeps_every_contract() -> None:
    assert broken_contracts(ROOT) == set()


@pytest.mark.parametrize("contract", OFFENCES)
def test_the_contract_breaks_on_an_import_that_it_forbids(contract: str, tree: Path) -> None:
    module, forbidden_import = OFFENCES[contract]
    with (tree / module).open("a") as file:
        file.write(f"\n{forbidden_import}\n")

    broken = broken_contracts(tree)

    assert broken == {contract}


def test_every_contract_has_been_seen_to_break() -> None:
    assert set(OFFENCES) == set(contract_names())


def test_the_contract_of_the_core_names_every_module_of_it() -> None:
    configuration = ConfigParser()
    configuration.read(ROOT / ".importlinter")
    named = set(configuration["importlinter:contract:core-is-plain"]["source_modules"].split())

    modules = {f"cqrs.{path.stem}" for path in (ROOT / "cqrs").glob("*.py")} - {"cqrs.__init__", "cqrs.apps"}

    assert named == modules
