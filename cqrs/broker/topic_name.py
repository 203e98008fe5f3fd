"""What a topic may be called: its messages stand in a collection of that name."""

import re

ALLOWED = re.compile(r"[A-Za-z0-9._-]{1,200}")


def mistakes_in_topic_name(name: object) -> list[str]:
    """Return what is wrong with the name of a topic, a sentence each."""
    if not isinstance(name, str):
        return [f"topic must be a string, not {name!r}"]
    if not ALLOWED.fullmatch(name):
        return [f"topic {name!r} must be 1 to 200 of A-Z a-z 0-9 . _ -"]
    # MongoDB's drivers refuse such collections.
    if name.startswith(".") or name.endswith(".") or ".." in name:
        return [f"topic {name!r} must not start or end with a dot or have two in a row"]
    return []
