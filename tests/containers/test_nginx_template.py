"""The shared template becomes a configuration that nginx accepts when it is filled in the way the container does it."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

Services = dict[str, dict[str, Any]]


def test_nginx_accepts_the_template_filled_in_by_envsubst(
    root: Path, tmp_path: Path, application_services: Services
) -> None:
    nginx, envsubst = shutil.which("nginx"), shutil.which("envsubst")
    if nginx is None or envsubst is None:
        pytest.skip("nginx or envsubst is not installed (Debian: apt-get install nginx gettext-base)")
    environment = application_services["nginx"]["environment"]
    names = [name for name in environment if not name.startswith("NGINX_")]
    # The container's names of hosts mean nothing here, and nginx looks them up when it reads its configuration.
    values = {name: environment[name].replace("instance-", "127.0.0.") for name in names} | {"RUN_DIR": str(tmp_path)}
    configuration = tmp_path / "nginx.conf"

    with (root / "infra/nginx/nginx.conf.template").open() as template:
        wanted = " ".join(f"${{{name}}}" for name in names)
        configuration.write_text(
            subprocess.run(
                [envsubst, wanted], stdin=template, env=values, capture_output=True, text=True, check=True
            ).stdout
        )
    result = subprocess.run(
        [nginx, "-t", "-e", "stderr", "-c", configuration, "-g", "daemon off;"],
        env={**os.environ, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stderr
    assert "server 127.0.0.3:8000" in configuration.read_text()
