"""What the tests of the whole project share."""

from collections.abc import Iterator

import pytest

from tests.project.lone_replica import LoneReplica, lone_replica
from tests.running_stack import RunningStack


@pytest.fixture(scope="module")
def replica(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoneReplica]:
    """A replica of the module's own, whose stores can be taken away from it."""
    with lone_replica(stack, tmp_path_factory.mktemp("replica")) as running:
        yield running
