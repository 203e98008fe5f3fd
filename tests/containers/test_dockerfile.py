"""What the Dockerfile says: what goes in, and who runs it."""

import re
from pathlib import Path

from tests.containers.dockerfile import Dockerfile


def test_it_is_built_in_two_stages_on_one_pinned_release(dockerfile: Dockerfile) -> None:
    stages = [rest.split(" AS ")[0] for rest in dockerfile.all("FROM")]

    assert len(stages) == 2
    assert len(set(stages)) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", stages[0])


def test_it_installs_the_replicas_requirements_and_no_other_package(dockerfile: Dockerfile) -> None:
    installs = [rest for rest in dockerfile.all("RUN") if "install " in rest]

    assert len(installs) == 1
    assert "--only-binary :all:" in installs[0]
    assert installs[0].endswith("--requirement /tmp/requirements.txt")
    assert "requirements.txt /tmp/requirements.txt" in dockerfile.all("COPY")


def test_it_runs_as_a_user_without_rights(dockerfile: Dockerfile) -> None:
    users = dockerfile.all("USER")

    assert users == ["10001:10001"], "by number, so that an orchestrator can see that it is not root"
    assert dockerfile.position_of_last("USER") > dockerfile.position_of_last("RUN")


def test_the_build_context_is_what_is_copied_and_nothing_else(root: Path, dockerfile: Dockerfile) -> None:
    rules = [line for line in (root / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]

    let_in = {rule[1:] for rule in rules if rule.startswith("!")}

    assert rules[0] == "*"
    assert let_in == {*dockerfile.copied, "requirements.txt"}
