"""The settings of tickets, orders and NATS are checked at start, with all others."""

import pytest

from cqrs_project.environment import InvalidEnvironment, read_environment
from tests.project.test_environment import GOOD

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def mistakes(**variables: str) -> list[str]:
    with pytest.raises(InvalidEnvironment) as refused:
        read_environment({**GOOD, **variables})
    return refused.value.mistakes


def test_without_settings_tokens_have_a_key_of_the_installation_and_nobody_is_told() -> None:
    ours = read_environment(GOOD)
    others = read_environment({**GOOD, "SECRET_KEY": "another"})

    assert len(ours.jwt_key) >= 32
    assert GOOD["SECRET_KEY"] not in ours.jwt_key
    assert ours.jwt_key != others.jwt_key
    assert (ours.jwt_seconds, ours.operators, ours.operator_token) == (3600, None, "")
    assert (ours.nats_cluster_id, ours.nats_replicas) == ("ticketing", 1)


def test_what_is_set_counts() -> None:
    environment = read_environment(
        {
            **GOOD,
            "JWT_KEY": "k" * 32,
            "JWT_SECONDS": "60",
            "NATS_CLUSTER_ID": "tickets-2",
            "NATS_CLIENT_ID": "tickets-depl-5d9c7-x2x",
            "NATS_REPLICAS": "3",
            "OPERATOR_WEBHOOK_URL": "http://127.0.0.1/hook",
            "OPERATOR_WEBHOOK_SECRET": SECRET,
            "OPERATOR_TOKEN": "t" * 32,
        }
    )

    assert (environment.jwt_key, environment.jwt_seconds) == ("k" * 32, 60)
    assert (environment.nats_cluster_id, environment.nats_replicas) == ("tickets-2", 3)
    assert environment.nats_client_id == "tickets-depl-5d9c7-x2x"
    assert environment.operators is not None
    assert environment.operators.url == "http://127.0.0.1/hook"
    assert environment.operators.key
    assert environment.operator_token == "t" * 32


def test_two_processes_are_told_apart_by_nats_without_a_setting() -> None:
    assert read_environment(GOOD).nats_client_id == read_environment(GOOD).nats_client_id != ""


@pytest.mark.parametrize(
    ("name", "value", "mistake"),
    [
        ("JWT_KEY", "short", "JWT_KEY must have at least 32 bytes"),
        ("JWT_SECONDS", "59", "JWT_SECONDS must be a whole number from 60 to 2592000, not '59'"),
        ("OPERATOR_TOKEN", "t" * 31, "OPERATOR_TOKEN must be at least 32 visible ASCII characters"),
        ("OPERATOR_TOKEN", "t" * 31 + " t", "OPERATOR_TOKEN must be at least 32 visible ASCII characters"),
        ("NATS_CLUSTER_ID", "a.b", "NATS_CLUSTER_ID must be 1 to 64 letters, digits, - or _, not 'a.b'"),
        ("NATS_CLIENT_ID", "a b", "NATS_CLIENT_ID must be 1 to 253 letters, digits or .-_:@, not 'a b'"),
        ("NATS_REPLICAS", "2", "NATS_REPLICAS must be 1, 3 or 5, not '2'"),
        (
            "OPERATOR_WEBHOOK_URL",
            "ftp://x",
            "OPERATOR_WEBHOOK_URL must be a URL such as https://host/path, without a user",
        ),
        (
            "OPERATOR_WEBHOOK_SECRET",
            "secret",
            "OPERATOR_WEBHOOK_SECRET must be whsec_ and 24 to 64 bytes in base64",
        ),
        (
            "OPERATOR_WEBHOOK_NETWORKS",
            "here",
            "OPERATOR_WEBHOOK_NETWORKS must be networks such as 203.0.113.0/24, separated by commas",
        ),
    ],
)
def test_what_is_malformed_is_told(name: str, value: str, mistake: str) -> None:
    assert mistakes(**{name: value}) == [mistake]
