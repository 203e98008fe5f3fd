"""TLS ends before the replica: the proxy before it says so, and cookies stay on such connections."""

import json
import urllib.request
from pathlib import Path
from uuid import uuid4

import pytest

from tests.services.lone_process import LoneServices


@pytest.mark.parametrize(("scheme", "is_secure"), [("https", True), ("http", False)])
def test_the_cookie_is_secure_where_the_proxy_speaks_tls(tmp_path: Path, scheme: str, is_secure: bool) -> None:
    with LoneServices(tmp_path, {"MONGODB_DATABASE": "cqrs_tls"}) as services:
        services.prepare("tickets")
        replica = services.replica("tickets")
        credentials = {"email": f"{uuid4().hex}@example.org", "password": "correct horse"}
        headers = {"Content-Type": "application/json", "X-Forwarded-Proto": scheme}

        request = urllib.request.Request(
            f"{replica.url}/api/users/signup", json.dumps(credentials).encode(), headers, method="POST"
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            cookie = answer.headers["Set-Cookie"]

    assert ("Secure" in cookie) is is_secure
