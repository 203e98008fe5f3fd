"""Keeping a process on one of the machine's processors.

Threads that share an interpreter lock use one processor at a time. Left free they wander over all of them, and every
change takes what they work on from one processor's cache to the other's.
"""

import os


def stay_on_processor(number: int) -> None:
    """Keep this thread, and the threads that it starts from now on, on the processor `number` of those it may use.

    Counted from zero and around where there are fewer. Does nothing where the system offers no such choice (macOS).
    """
    if not hasattr(os, "sched_setaffinity"):
        return
    usable = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {usable[number % len(usable)]})
