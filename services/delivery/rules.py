"""The rules by which deliveries are counted here."""

import msgspec

from cqrs.opened import Opened


class DeliveryRules(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether messages are `tracked`, how long windows are, and how long after its end a window is counted.

    An alarm is raised where a rate is below the threshold of its topic, or below `threshold` for topics without one.
    """

    tracked: bool
    window_seconds: float
    grace_seconds: float
    threshold: float
    thresholds: dict[str, float]


delivery_rules: Opened[DeliveryRules] = Opened("delivery rules")
