"""The clients that the services use are those that csbroker generates from their working files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT

CSBROKER = Path(sys.executable).parent / "csbroker"
SERVICES = sorted(path.parent.name for path in ROOT.glob("services/*/change-stream"))


def test_every_service_on_the_broker_is_checked() -> None:
    assert {"classroom", "purchases"} <= set(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_the_client_is_up_to_date(service: str) -> None:
    result = subprocess.run(
        [CSBROKER, "generate", "--check"],
        cwd=ROOT / "services" / service,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (result.returncode, result.stderr) == (0, "broker_client: up to date\n")
