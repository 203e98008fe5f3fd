"""Former clients can be seen, compared and brought back, and no edit is lost without being asked for."""

import re

from tests.csbroker.service import Service

NAME = re.compile(r"\d{8}T\d{6}Z-\d{3}")


def generate_with(service: Service, partitions: int) -> None:
    text = re.sub(r"partitions=\d+", f"partitions={partitions}", service.config.read_text())
    service.config.write_text(text)
    service.ok("generate")


def test_each_change_keeps_the_former_client(generated: Service) -> None:
    first = generated.files()

    generate_with(generated, 4)

    (name,) = generated.backups()
    kept = generated.folder / ".csbroker/backups" / name
    assert NAME.fullmatch(name)
    assert {path: (kept / path).read_bytes() for path in first} == first
    assert generated.files() != first


def test_the_last_ten_are_kept_oldest_first(generated: Service) -> None:
    for partitions in range(4, 16):
        generate_with(generated, partitions)

    names = generated.backups()

    assert len(names) == 10
    assert names == sorted(names)
    oldest = generated.folder / ".csbroker/backups" / names[0] / "config.py"
    assert "partitions=5" in oldest.read_text()


def test_restore_brings_back_client_and_stage_but_not_the_working_files(generated: Service) -> None:
    first, first_config = generated.files(), generated.config.read_text()
    generate_with(generated, 4)
    second, second_config = generated.files(), generated.config.read_text()
    (name,) = generated.backups()

    restored = generated.ok("restore", name, "--json").json

    assert generated.files() == first
    assert generated.config.read_text() == second_config
    (stage,) = generated.ok("stage", "config.py", "--json").json
    assert (stage["content"], stage["working"]) == (first_config, "different")
    generated.ok("restore", restored["backup"])
    assert generated.files() == second


def test_restoring_the_oldest_of_ten_works_though_a_backup_is_added(generated: Service) -> None:
    for partitions in range(4, 14):
        generate_with(generated, partitions)
    oldest = generated.backups()[0]

    generated.ok("restore", oldest)

    assert "partitions=3" in (generated.client / "config.py").read_text()
    assert len(generated.backups()) == 10


def test_restoring_what_is_there_changes_nothing(generated: Service) -> None:
    generate_with(generated, 4)
    generated.ok("restore", generated.backups()[0])
    names = generated.backups()

    restored = generated.ok("restore", names[0], "--json").json

    assert restored == {"name": names[0], "changed": False, "backup": None}
    assert generated.backups() == names


def test_an_unknown_backup_is_named(generated: Service) -> None:
    ended = generated.run("restore", "20200101T000000Z-001")

    assert (ended.code, ended.out) == (1, "")
    assert "20200101T000000Z-001" in ended.err


def test_a_name_leads_nowhere_else(generated: Service) -> None:
    assert generated.run("restore", "../../client").code == 1


def test_diff_is_unified_and_says_so_with_its_exit_code(generated: Service) -> None:
    equal = generated.run("diff")
    generated.edit(generated.config, "partitions=3", "partitions=4")
    different = generated.run("diff")
    other_file = generated.run("diff", "message_payload.py")

    assert (equal.code, equal.out) == (0, "")
    assert different.code == 2
    assert different.out.splitlines()[:2] == ["--- change-stream/client/config.py", "+++ change-stream/config.py"]
    assert "\n-    partitions=3,\n+    partitions=4,\n" in different.out
    assert other_file.code == 0


def test_diff_is_what_patch_applies(generated: Service) -> None:
    generated.config.write_text(generated.config.read_text().rstrip("\n"))

    ended = generated.run("diff")

    assert ended.code == 2
    assert ended.out.endswith("\\ No newline at end of file\n")


def test_before_the_first_client_there_is_no_stage(service: Service) -> None:
    for command in ("stage", "diff", "apply-stage"):
        ended = service.run(command)

        assert (ended.code, ended.out) == (1, "")
        assert "run csbroker generate" in ended.err


def test_apply_stage_takes_the_restored_files_over(generated: Service) -> None:
    first = generated.config.read_text()
    generate_with(generated, 4)
    generated.ok("restore", generated.backups()[0])

    dry = generated.ok("apply-stage", "--dry-run")
    untouched = generated.config.read_text()
    applied = generated.ok("apply-stage", "--json").json

    assert "-    partitions=4,\n+    partitions=3,\n" in dry.out
    assert untouched != first
    assert applied["applied"] == ["config.py"]
    assert generated.config.read_text() == first
    assert generated.run("diff").code == 0


def test_apply_stage_does_not_lose_an_edit_unless_forced(generated: Service) -> None:
    generated.edit(generated.config, "partitions=3", "partitions=5")
    generated.payloads.write_text(generated.payloads.read_text() + "# a thought\n")

    refused = generated.run("apply-stage")
    kept = generated.config.read_text()
    forced = generated.run("apply-stage", "--force", "change-stream/config.py")

    assert refused.code == 3
    assert "config.py, message_payload.py" in refused.err
    assert "partitions=5" in kept
    assert forced.code == 0
    assert "partitions=3" in generated.config.read_text()
    assert "# a thought" in generated.payloads.read_text()


def test_another_file_is_wrong_usage(generated: Service) -> None:
    assert generated.run("diff", "settings.py").code == 2
