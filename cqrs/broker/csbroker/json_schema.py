"""JSON of a generated client: the schema of each payload."""

import json
from typing import Any

import msgspec

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def payload_schema(name: str, payload: type) -> dict[str, Any]:
    """Return the JSON Schema of a payload type, complete in itself."""
    schema = msgspec.json.schema(payload)
    if "$defs" in schema:
        schema["$defs"] = dict(sorted(schema["$defs"].items()))
    return {"$schema": DIALECT, "title": name} | schema


def to_json_file(document: Any) -> bytes:
    """Return the content of a JSON file, always the same for the same document."""
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
