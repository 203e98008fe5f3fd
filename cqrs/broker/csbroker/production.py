"""Changing nothing in production by accident."""

import os

from cqrs.broker.csbroker.errors import Refused

VARIABLES = ("CSBROKER_ENV", "NODE_ENV")
PRODUCTION = "production"


def refuse_in_production(*, confirmed: bool) -> None:
    """Return where changing is allowed. Raises Refused in production, unless it was `confirmed`."""
    naming = [name for name in VARIABLES if os.environ.get(name, "").strip().lower() == PRODUCTION]
    if naming and not confirmed:
        raise Refused(f"{naming[0]} is {PRODUCTION}: this command changes things; add --yes-production if you mean it")
