"""A process that takes a batch and never finishes it: `python -m tests.eventlog.worker_process`.

Prints `in hand` once its handler has the first batch, and then hangs with the shard's lock until it is killed.
"""

import signal
from collections.abc import Sequence

import django

from cqrs.messages import Recorded


def hang(events: Sequence[Recorded]) -> None:
    print("in hand", flush=True)
    while True:
        signal.pause()


if __name__ == "__main__":
    django.setup()
    from cqrs.eventlog.subscription import Subscription
    from tests.eventlog.things import THING

    Subscription("test", aggregate_type=THING, handle=hang).step()
