"""init writes the working files, and destroys nothing."""

import subprocess
import sys

from tests.csbroker.service import Service


def test_init_writes_both_working_files(empty_service: Service) -> None:
    ended = empty_service.run("init", "--json")

    assert ended.code == 0
    assert ended.json == {"written": ["change-stream/config.py", "change-stream/message_payload.py"]}
    assert "purchases.new-purchase" in empty_service.config.read_text()
    assert "class PurchaseCreatedPayload" in empty_service.payloads.read_text()


def test_init_overwrites_nothing_unless_forced(service: Service) -> None:
    service.payloads.write_text("# mine\n")
    service.config.unlink()

    refused = service.run("init")
    untouched = (service.payloads.read_text(), service.config.exists())
    forced = service.run("init", "--force")

    assert refused.code == 3
    assert "change-stream/message_payload.py" in refused.err
    assert untouched == ("# mine\n", False)
    assert forced.code == 0
    assert "class PurchaseCreatedPayload" in service.payloads.read_text()


def test_without_working_files_nothing_is_generated_and_nothing_left(empty_service: Service) -> None:
    ended = empty_service.run("generate")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "change-stream/config.py is missing: run csbroker init\n"
    assert list(empty_service.root.iterdir()) == []


def test_the_module_does_what_the_console_script_does(empty_service: Service) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "cqrs.broker.csbroker", "init"], cwd=empty_service.root, capture_output=True, check=False
    )

    assert result.returncode == 0
    assert empty_service.config.exists()
