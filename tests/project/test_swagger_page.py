"""Swagger UI works without another host and within a strict content security policy."""

import re
from typing import Any

from django.test import Client

ASSET = re.compile(r"""(?:src|href)=["']([^"']+)["']""")


def test_every_asset_of_the_page_is_served_from_here(client: Client) -> None:
    page = client.get("/api", headers={"Accept": "text/html"})

    assets = [asset for asset in ASSET.findall(page.content.decode()) if not asset.startswith("data:")]
    assert page.status_code == 200
    assert len(assets) >= 3
    for asset in assets:
        assert asset.startswith(("/", "?")), asset
        answer: Any = client.get(asset if asset.startswith("/") else f"/api{asset}")
        assert answer.status_code == 200, asset
        assert b"".join(answer.streaming_content if answer.streaming else [answer.content])


def test_the_page_allows_no_inline_script_and_no_other_host(client: Client) -> None:
    page = client.get("/api", headers={"Accept": "text/html"})

    policy = dict(directive.strip().split(" ", 1) for directive in page["Content-Security-Policy"].split(";"))
    assert (policy["default-src"], policy["script-src"], policy["connect-src"]) == ("'none'", "'self'", "'self'")
    assert "http" not in page["Content-Security-Policy"]
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", page.content.decode(), re.DOTALL)
    assert scripts
    assert all("src=" in attributes and not body.strip() for attributes, body in scripts)
    assert not re.search(r"\son\w+=", page.content.decode())


def test_the_script_loads_our_document(client: Client) -> None:
    script = client.get("/api?script=")

    assert script["Content-Type"].startswith(("application/javascript", "text/javascript"))
    assert b"/api/schema" in script.content
    assert b"http://" not in script.content
    assert b"https://" not in script.content
