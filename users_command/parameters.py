"""What the write side's operations take in the query string."""

import msgspec

from users_command.serializers import Seed


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """The run that new users belong to."""

    seed: Seed


class PerhapsRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run, or whatever the body or the operation says without one."""

    seed: Seed | None = None
