"""What can go wrong in a measurement itself."""


class BenchmarkError(Exception):
    """A measurement could not be made; the message says why."""
