"""Settings come from the environment, and all of their mistakes are told at once, a line each."""

import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings

from cqrs_project.environment import InvalidEnvironment, read_environment

GOOD = {
    "DATABASE_URL": "postgresql://cqrs:secret@127.0.0.1:5432/cqrs",
    "MONGODB_URI": "mongodb://cqrs:secret@127.0.0.1:27017/?replicaSet=rs0",
    "SECRET_KEY": "key",
}
BAD = {
    "DATABASE_URL": "mysql://secret@host/db",
    "MONGODB_URI": "secret",
    "MONGODB_DATABASE": "a b",
    "NATS_URL": "kafka://secret",
    "APPID": "",
    "SECRET_KEY": " ",
    "DEBUG": "yes",
    "ALLOWED_HOSTS": ",",
    "LOG_FORMAT": "xml",
    "LOG_LEVEL": "LOUD",
    "METRICS_PORT": "65536",
    "POSTGRES_POOL_SIZE": "0",
    "WEB_THREADS": "1",
    "WEB_PROCESSOR": "-1",
    "CHANGE_FEEDS_DATABASE": "a.b",
    "SENSOR_DATA_SINCE": "nan",
    "SENSOR_DATA_UNTIL": "high",
    "SENSOR_DATA_ALERT_URL": "ftp://secret",
    "EXT_ALERT_PROVIDER_URL": "http://secret@host/",
    "EXT_ALERT_PROVIDER_SECRET": "whsec_secret",
    "EXT_ALERT_PROVIDER_NETWORKS": "everywhere",
}


def mistakes(**variables: str) -> list[str]:
    with pytest.raises(InvalidEnvironment) as refused:
        read_environment({**GOOD, **variables})
    return refused.value.mistakes


def test_three_settings_are_enough() -> None:
    environment = read_environment(GOOD)

    assert (environment.app_id, environment.mongodb_database, environment.debug) == ("STANDALONE", "cqrs", False)
    assert environment.allowed_hosts == ("localhost", "127.0.0.1", "[::1]")
    assert (environment.nats_url, environment.metrics_port, environment.web_processor) == (None, None, None)


def test_every_mistake_is_named_at_once() -> None:
    found = mistakes(**BAD)

    assert sorted(line.split(" ", 1)[0] for line in found) == sorted(BAD)
    assert all("\n" not in line for line in found)


def test_every_missing_setting_is_named_at_once() -> None:
    with pytest.raises(InvalidEnvironment) as refused:
        read_environment({})

    assert refused.value.mistakes == ["DATABASE_URL is not set", "MONGODB_URI is not set", "SECRET_KEY is not set"]


def test_for_debugging_no_key_is_needed() -> None:
    variables = {name: value for name, value in GOOD.items() if name != "SECRET_KEY"}

    assert read_environment({**variables, "DEBUG": "1"}).secret_key


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://host/db",
        "postgres://user@host:5433/db",
        "postgresql://us%40er:p%2Fw@[::1]:5432/db?sslmode=require",
        "postgresql:///db?host=/run/postgresql",
        "postgresql://host/db?connect_timeout=3&application_name=x",
    ],
)
def test_an_address_of_postgresql(url: str) -> None:
    assert read_environment({**GOOD, "DATABASE_URL": url}).database_url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "postgresql",
        "postgresql://",
        "postgresql://host",
        "postgresql://host/",
        "postgresql://host:secret/db",
        "postgresql://host:65536/db",
        "postgresql://host:0/db",
        "postgresql://[::1/db",
        "postgresql://host/db?secret=1",
        "postgresql://user:sec ret@host/db",
        "host=localhost dbname=secret",
        "mongodb://host/db",
    ],
)
def test_no_address_of_postgresql(url: str) -> None:
    assert mistakes(DATABASE_URL=url) == [
        "DATABASE_URL must be a URL such as postgresql://user:password@host:5432/database"
    ]


def test_an_address_of_postgresql_with_a_parameter_that_would_be_overridden() -> None:
    assert mistakes(DATABASE_URL="postgresql://host/db?client_encoding=latin1") == [
        "DATABASE_URL must not set client_encoding, which is UTF8 whatever it says"
    ]


@pytest.mark.parametrize(
    "uri", ["mongodb://host", "mongodb://a:1,b:2/?replicaSet=rs0", "mongodb://u:p%40@h/db", "mongodb+srv://host/db"]
)
def test_an_address_of_mongodb(uri: str) -> None:
    assert read_environment({**GOOD, "MONGODB_URI": uri}).mongodb_uri == uri


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "mongodb://",
        "mongodb+srv://",
        "mongodb://host:secret",
        "mongodb://host:65536",
        "mongodb://user:sec@ret@host",
        "mongodb://host/?replicaSet",
        "http://host",
    ],
)
def test_no_address_of_mongodb(uri: str) -> None:
    assert mistakes(MONGODB_URI=uri) == [
        "MONGODB_URI must be a URI such as mongodb://user:password@host:27017/?replicaSet=rs0"
    ]


@pytest.mark.parametrize("url", ["nats://h:4222", "tls://h", "nats://u:p@a:1,nats://b:2"])
def test_an_address_of_nats(url: str) -> None:
    assert read_environment({**GOOD, "NATS_URL": url}).nats_url == url


@pytest.mark.parametrize("url", ["nats://", "nats://h:x", "h:4222", "nats://a,", "http://h"])
def test_no_address_of_nats(url: str) -> None:
    assert mistakes(NATS_URL=url) == ["NATS_URL must be a URL such as nats://host:4222"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("METRICS_PORT", "\uff10"),
        ("METRICS_PORT", "+1"),
        ("METRICS_PORT", "1.0"),
        ("METRICS_PORT", "9" * 5000),
        ("POSTGRES_POOL_SIZE", "101"),
        ("POSTGRES_POOL_SIZE", ""),
        ("DEBUG", "true"),
        ("APPID", "a/b"),
        ("APPID", "x" * 64),
        ("APPID", "a\nb"),
        ("MONGODB_DATABASE", "$cmd"),
        ("LOG_FORMAT", "JSON"),
    ],
)
def test_other_values_are_refused_in_one_line(name: str, value: str) -> None:
    (line,) = mistakes(**{name: value})

    assert line.startswith(f"{name} ")
    assert "\n" not in line


def test_an_empty_optional_setting_is_none() -> None:
    environment = read_environment({**GOOD, "NATS_URL": "", "METRICS_PORT": ""})

    assert (environment.nats_url, environment.metrics_port) == (None, None)


MANAGE = ["manage.py", "check"]
GUNICORN = ["-m", "gunicorn", "--config", "cqrs_project/gunicorn.py", "--check-config", "cqrs_project.wsgi"]


def run_python(command: list[str], variables: dict[str, str]) -> Any:
    inherited = {name: value for name, value in os.environ.items() if name not in {*GOOD, *BAD}}
    return subprocess.run(
        [sys.executable, *command],
        cwd=settings.BASE_DIR,
        env={**inherited, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("command", [MANAGE, GUNICORN], ids=["manage.py", "gunicorn"])
def test_a_line_is_printed_for_each_mistake_and_no_traceback(command: list[str]) -> None:
    run = run_python(command, BAD)

    lines = run.stderr.splitlines()
    assert run.returncode == 2
    assert sorted(line.split(" ")[:2] for line in lines) == sorted(["setting", name] for name in BAD)
    assert "secret" not in run.stderr


@pytest.mark.parametrize("command", [MANAGE, GUNICORN], ids=["manage.py", "gunicorn"])
def test_good_settings_pass_without_reaching_a_store(command: list[str]) -> None:
    run = run_python(command, GOOD)

    assert (run.returncode, run.stderr) == (0, "")
