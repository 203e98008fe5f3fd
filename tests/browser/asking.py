"""Asking the page's modules directly."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page


def asking(prepared: str) -> Callable[[Page, str], Any]:
    """Return what runs the body of an async function on a page, behind the lines `prepared`, for what it returns."""
    return lambda page, body: page.evaluate(f"async () => {{ {prepared} {body} }}")
