"""How the files are shared out among the processes of a run: the long ones first, and few of them start a stack.

A stack is a dozen processes: it takes a dozen seconds of a processor to start, and a tenth of one all the time.
"""

from typing import Final

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

# How many processes have the session's stack: the files that use it take one process too long.
STACKS: Final = 2
# A file that is missing here is run all the same, maybe beside one more stack.
ON_THE_STACK: Final = (
    "tests/bad_input/test_protocol.py",
    "tests/benchmarks/test_alert_provider.py",
    "tests/benchmarks/test_run.py",
    "tests/browser/",
    "tests/faults/",
    "tests/project/test_long_outages.py",
    "tests/project/test_metrics.py",
    "tests/project/test_outages.py",
    "tests/project/test_silent_mongodb.py",
    "tests/project/test_silent_postgresql.py",
    "tests/services/alert_provider/test_on_the_stack.py",
    "tests/services/test_purchases_without_mongodb.py",
    "tests/services/test_running_services.py",
    "tests/services/tickets/test_on_the_stack.py",
    "tests/stack/test_account.py",
    "tests/stack/test_supervision.py",
)


class FewStacks(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives the files that use the stack to the processes that have one already, before any others."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        super().__init__(config, log)
        self._with_stack: set[WorkerController] = set()

    def remove_node(self, node: WorkerController) -> str | None:
        self._with_stack.discard(node)
        crashed: str | None = super().remove_node(node)
        return crashed

    def _reschedule(self, node: WorkerController) -> None:
        # The last files wait for a process that has a stack: starting another one takes longer.
        if self.workqueue and self._next_for(node) is None and not node.shutting_down:
            node.shutdown()
            return
        super()._reschedule(node)

    def _assign_work_unit(self, node: WorkerController) -> None:
        file = self._next_for(node)
        if file is None:
            return
        if uses_the_stack(file):
            self._with_stack.add(node)
        self.workqueue.move_to_end(file, last=False)
        super()._assign_work_unit(node)

    def _next_for(self, node: WorkerController) -> str | None:
        """The next file for a process, None where there is none. Those that use the stack come first where it is."""
        others = [file for file in self.workqueue if not uses_the_stack(file)]
        if node in self._with_stack or len(self._with_stack) < STACKS:
            return next((file for file in self.workqueue if uses_the_stack(file)), next(iter(others), None))
        return next(iter(others), None)


def uses_the_stack(file: str) -> bool:
    """Whether the tests of a file use the session's stack."""
    return file.startswith(ON_THE_STACK)
