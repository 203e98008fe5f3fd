"""A user as it is published."""

from typing import Annotated
from uuid import UUID, uuid4

import msgspec
from msgspec import Meta

Text = Annotated[str, Meta(min_length=1, max_length=100)]


class DemoUser(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A user to publish; without an id it gets one."""

    user_id: UUID = msgspec.field(default_factory=uuid4)
    name: Text
    age: Annotated[int, Meta(ge=0, le=150)]
    gender: Text


def sample_user() -> DemoUser:
    """Return somebody to publish where nobody is given."""
    return DemoUser(name="Zakk Wylde", age=18, gender="male")
