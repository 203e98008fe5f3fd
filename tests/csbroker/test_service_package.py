"""A service that is a Python package has its client where the package can import it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.csbroker.service import Service

SENDER = """
from services.purchases.broker_client import Customer, Product, PurchaseCreatedPayload, broker, producers

purchase = PurchaseCreatedPayload(
    customer=Customer(id="c", auth_user_id="u"), product=Product(id="p", title="t", slug="s")
)
message = producers.purchases_producer_message(purchase, key=broker.log_context)
print(message.key, producers.purchases_producer.payload.__module__)
"""


@pytest.fixture
def package(tmp_path: Path) -> Service:
    """A service `services.purchases` with the working files that `init` writes."""
    root = tmp_path / "services" / "purchases"
    root.mkdir(parents=True)
    for folder in (root.parent, root):
        (folder / "__init__.py").touch()
    service = Service(root)
    service.ok("init")
    return service


def run_above(package: Service, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=package.root.parents[1], capture_output=True, text=True, check=False
    )


def test_the_client_is_imported_as_a_part_of_the_package(package: Service) -> None:
    package.ok("generate")

    result = run_above(package, "-c", SENDER)

    assert result.stdout == "purchases services.purchases.broker_client.message_payload\n", result.stderr
    assert not package.client.exists()


def test_it_is_clean_under_strict_mypy_without_a_path_of_its_own(package: Service) -> None:
    package.ok("generate")
    (package.root / "selling.py").write_text(SENDER)

    result = run_above(package, "-m", "mypy", "--strict", "--config-file=", "-p", "services")

    assert result.returncode == 0, result.stdout


def test_stage_backups_and_drift_are_those_of_that_client(package: Service) -> None:
    generated = package.ok("generate")
    package.edit(package.config, "max_retries=3", "max_retries=5")
    drift = package.run("generate", "--check")
    difference = package.run("diff")
    package.ok("generate")

    package.ok("restore", package.backups()[0])

    assert "broker_client/topics.py" in generated.err.split()
    assert drift.code == 1
    assert "out of date: broker_client/config.py" in drift.err.splitlines()
    assert difference.out.startswith("--- broker_client/config.py\n+++ change-stream/config.py\n")
    assert "max_retries=3" in (package.root / "broker_client/config.py").read_text()
