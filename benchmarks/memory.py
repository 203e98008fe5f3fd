"""`memory`: what each process holds now. Measured before and after the load, it shows what the load has left."""

from benchmarks.measurement import Measured
from benchmarks.processes import memory_mb
from benchmarks.stack import Stack

LIMIT_MB = 150


def memory(stack: Stack, when: str) -> Measured:
    """Return the memory of every process, the largest of the application's, and the sum, in MB."""
    sizes = memory_mb(stack)
    application = {name: size for name, size in sizes.items() if name.startswith(("instance", "users-"))}
    over = [name for name, size in sizes.items() if size > LIMIT_MB]
    return Measured(
        name="memory",
        parameters={"when": when},
        figures={
            "largest_of_application_mb": max(application.values(), default=0.0),
            "sum_mb": round(sum(sizes.values()), 1),
            "over_150_mb": "+".join(over) or "none",
            **{f"{name}_mb": size for name, size in sizes.items() if "/" not in name},
        },
    )
