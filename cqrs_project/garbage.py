"""When Python looks for garbage: not while a program loads, and seldom afterwards.

Counting references frees nearly everything at once; only cycles wait for the collector. By default it looks whenever
700 objects more are there than before: in every other request, and dozens of times while modules load, of which nothing
is garbage. Without that, loading takes a seventh less processor time, a request some hundredths: benchmarks/README.md.
"""

import gc

# So many objects more before it looks. With 50,000 it pauses so long that one request in twenty waits twice as long.
YOUNG = 10_000


def load_first() -> None:
    """Look for no garbage until `collect_seldom`."""
    gc.disable()


def collect_seldom() -> None:
    """Look for garbage now and then, and never among what is there by now, which stays."""
    gc.freeze()
    gc.set_threshold(YOUNG)
    gc.enable()
