"""What every measurement returns: one row of the results."""

from collections.abc import Mapping

import msgspec

Value = float | int | str


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one measurement under these parameters; `wrong` names each result that is not just slow."""

    name: str
    parameters: Mapping[str, Value]
    figures: Mapping[str, Value]
    wrong: tuple[str, ...] = ()
