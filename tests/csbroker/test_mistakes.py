"""What is wrong with the working files is said in one go, as `file:line: message`, and leaves the client alone."""

import sys

from cqrs.broker.csbroker.declarations import declarations
from cqrs.broker.csbroker.folder import Folder
from tests.csbroker.service import Service

WRONG = """\
from cqrs.broker import define_broker, define_consumer, define_producer, define_topic

broker = define_broker(
    log_level="LOUD",
)
first = define_producer(topic="a b", partitions=0)
users = [first]
second = define_producer(topic="t", partitions=2, payload=int)
third = define_topic(name="t", partitions=3)
"""


def test_all_mistakes_are_reported_with_their_lines(generated: Service) -> None:
    before = generated.files()
    generated.config.write_text(WRONG)

    ended = generated.run("generate")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.splitlines() == [
        "change-stream/config.py:3: log_level must be one of SILENT, ERROR, WARN, INFO, DEBUG, not 'LOUD'",
        "change-stream/config.py:6: topic 'a b' must be 1 to 200 of A-Z a-z 0-9 . _ -",
        "change-stream/config.py:6: partitions must be a whole number from 1 to 1000, not 0",
        "change-stream/config.py:8: second and third want t with other partitions or retention_ms",
        "change-stream/config.py:8: second: payload must be a public class of message_payload.py, "
        "or a union of such classes",
    ]
    assert generated.files() == before


def test_a_syntax_error_has_its_file_and_line(service: Service) -> None:
    service.payloads.write_text("x = 1\ny = (\n")

    ended = service.run("generate")

    assert (ended.code, ended.err) == (1, "change-stream/message_payload.py:2: SyntaxError: '(' was never closed\n")


def test_whatever_a_working_file_raises_has_its_line_and_no_traceback(service: Service) -> None:
    service.config.write_text("import sys\n\ndef leave() -> None:\n    sys.exit('no')\n\nleave()\n")

    ended = service.run("generate")

    assert (ended.code, ended.err) == (1, "change-stream/config.py:4: SystemExit: no\n")


def test_a_broker_is_required_and_one_is_enough(service: Service) -> None:
    service.config.write_text("from cqrs.broker import define_broker\n")
    none = service.run("generate")
    service.config.write_text("from cqrs.broker import define_broker\na = define_broker()\nb = define_broker()\n")
    two = service.run("generate")

    assert none.err == "change-stream/config.py:1: declares no broker: add one with define_broker(…)\n"
    assert two.err == "change-stream/config.py:3: b is a second broker beside a: a client has one\n"


def test_a_name_that_the_client_needs_is_refused(service: Service) -> None:
    service.edit(service.config, "purchases_producer", "producers")

    ended = service.run("generate")

    assert ended.code == 1
    assert "producers is a name that the client needs" in ended.err


def test_what_a_working_file_prints_is_no_data(service: Service) -> None:
    service.config.write_text(service.config.read_text() + "print('loading')\n")

    ended = service.run("generate", "--json")

    assert "asyncapi.json" in ended.json["changed"]
    assert "loading" in ended.err


def test_loading_leaves_no_trace(service: Service) -> None:
    (service.root / "pricing.py").write_text("PARTITIONS = 3\n")
    service.config.write_text("import sys\nsys.path.append('/nowhere')\nimport pricing\n" + service.config.read_text())
    before = (set(sys.modules), list(sys.path))

    with declarations(Folder(root=service.root)) as declared:
        names = list(declared.payloads)

    assert names == ["Customer", "Product", "PurchaseCreatedPayload"]
    assert {name for name in set(sys.modules) - before[0] if "pricing" in name or "csbroker_" in name} == set()
    assert sys.path == before[1]
    assert not list(service.root.rglob("__pycache__"))
