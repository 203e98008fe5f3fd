"""Secrets of this installation: made once, kept in the data folder, readable by their owner only."""

import os
import secrets
from base64 import b64encode
from pathlib import Path


def secret(folder: Path, name: str) -> str:
    """Return the secret `name`, 256 random bits in characters that a URL needs no escaping for."""
    path = folder / name
    if not path.exists():
        _write(path, secrets.token_urlsafe(32))
    return path.read_text().strip()


def webhook_secret(folder: Path, name: str) -> str:
    """Return the secret `name` as Standard Webhooks write one: `whsec_` and base64."""
    return f"whsec_{b64encode(secret(folder, name).encode()).decode()}"


def _write(path: Path, value: str) -> None:
    """Write whole or not at all: a start that was cut short leaves no half secret behind."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(value + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
