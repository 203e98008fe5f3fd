"""JSON Merge Patch (RFC 7396): an object changes members, null removes them, anything else replaces."""

from typing import Any


def merge_patch(target: Any, patch: Any) -> Any:
    """Return `target` as `patch` changes it; neither is touched."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged
