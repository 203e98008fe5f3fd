"""What the provider gets, and what each of its answers means."""

import base64
import hmac
import json
import socket
import time
from collections.abc import Iterator
from hashlib import sha256
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import msgspec
import pytest

from cqrs.testing.waiting import wait_until
from cqrs.webhooks.errors import AddressRefused
from cqrs.webhooks.signature import signing_key
from services.notifications.errors import ProviderLeftAlone, ProviderRefused, ProviderUnavailable
from services.notifications.notification import Notification, new_notification
from services.notifications.provider import Provider, ProviderSettings
from tests.free_ports import free_port
from tests.services.notifications.alerting import SENSOR, typed
from tests.services.notifications.provider_server import Answering, ProviderServer, provider_server

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    with provider_server() as server:
        yield server


def provider_at(url: str, **settings: Any) -> Provider:
    return Provider(
        ProviderSettings(**{"url": url, "key": signing_key(SECRET), "networks": LOOPBACK, "seconds": 0.5, **settings})
    )


def notification(**reading: Any) -> Notification:
    return new_notification(typed(**reading))


def test_it_is_told_of_the_sensor_its_value_and_the_time(server: ProviderServer) -> None:
    told = notification(value=6.2, time=1670682969883)

    provider_at(server.url).tell(told)

    (got,) = server.taken
    assert got.path == "/notify?by=sms"
    assert json.loads(got.body) == {
        "text": f"The sensor with id: {SENSOR} showed critical value of: 6.2 at 2022-12-10T14:36:09.883Z"
    }
    assert got.headers["content-type"] == "application/json"
    assert got.headers["host"] == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize(
    ("value", "written"), [(6, "6"), (-3, "-3"), (0.1, "0.1"), (1e300, "1e300"), (2**63 - 1, "9223372036854775807")]
)
def test_a_value_is_told_as_json_has_it(value: float, written: str) -> None:
    assert f"critical value of: {written} at " in notification(value=value).text


@pytest.mark.parametrize(
    ("milliseconds", "written"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1, "1970-01-01T00:00:00.001Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_a_time_is_told_in_utc_to_the_millisecond(milliseconds: int, written: str) -> None:
    assert notification(time=milliseconds).text.endswith(f" at {written}")


def test_each_attempt_has_the_same_key_and_a_signature_of_its_own_moment(server: ProviderServer) -> None:
    told = notification()
    provider = provider_at(server.url)
    before = int(time.time())

    provider.tell(told)
    provider.tell(told)

    for got in server.got:
        signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
        expected = hmac.digest(base64.b64decode(SECRET.removeprefix("whsec_")), signed, sha256)
        assert got.headers["webhook-signature"] == f"v1,{base64.b64encode(expected).decode()}"
        assert before <= int(got.headers["webhook-timestamp"]) <= time.time()
        assert got.id == got.headers["webhook-id"] == str(told.id)
    assert len(server.got) == 2


def test_the_signature_is_that_of_the_published_example() -> None:
    # From the specification's libraries: github.com/standard-webhooks/standard-webhooks.
    from cqrs.webhooks.signature import signed_headers

    headers = signed_headers(
        signing_key(SECRET),
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body=b'{"test": 2432232314}',
    )

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_without_a_secret_nothing_is_signed(server: ProviderServer) -> None:
    provider_at(server.url, key=None).tell(notification())

    assert not [name for name in server.got[0].headers if name.startswith("webhook-")]
    assert server.got[0].id


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_a_success_is_one(server: ProviderServer, status: int) -> None:
    server.answering = lambda _: Answering(status)

    provider_at(server.url).tell(notification())

    assert len(server.taken) == 1


@pytest.mark.parametrize("status", [400, 404, 409, 413, 415, 422])
def test_a_refusal_is_the_notifications_own_fault_and_pauses_nothing(server: ProviderServer, status: int) -> None:
    server.answering = lambda _: Answering(status)
    provider = provider_at(server.url)

    for _ in range(2):
        with pytest.raises(ProviderRefused) as refused:
            provider.tell(notification())
        assert refused.value.status == status

    assert len(server.got) == 2


@pytest.mark.parametrize(
    "answer",
    [
        *(Answering(status) for status in (408, 425, 429, 500, 502, 503, 504, 599, 304)),
        Answering(hang=True),
        Answering(close=True),
        Answering(drip="head"),
    ],
)
def test_an_outage_is_nobodys_fault_and_pauses_the_provider(server: ProviderServer, answer: Answering) -> None:
    server.answering = lambda _: answer
    provider = provider_at(server.url)

    with pytest.raises(ProviderUnavailable):
        provider.tell(notification())
    with pytest.raises(ProviderLeftAlone):
        provider.tell(notification())

    assert len(server.got) == 1


def test_a_body_that_does_not_end_is_not_waited_for(server: ProviderServer) -> None:
    server.answering = lambda _: Answering(200, drip="body")
    provider = provider_at(server.url)

    provider.tell(notification())
    server.answering = lambda _: Answering()
    provider.tell(notification())

    # On a connection of its own: the first one was cut while its body was still coming.
    assert len(server.got) == 2
    wait_until(lambda: server.cut == 1, "the first connection is given up")


@pytest.mark.parametrize("is_bare", [False, True])
def test_one_connection_serves_answers_without_a_body(server: ProviderServer, is_bare: bool) -> None:
    server.answering = lambda _: Answering(204, bare=is_bare)
    provider = provider_at(server.url)

    for _ in range(3):
        provider.tell(notification())

    assert (len(server.taken), server.connections) == (3, 1)


def test_nobody_listening_is_an_outage() -> None:
    with pytest.raises(ProviderUnavailable) as outage:
        provider_at(f"http://127.0.0.1:{free_port()}/").tell(notification())

    assert outage.value.reason == "the request failed: NewConnectionError"


def test_after_the_pause_it_is_asked_again(server: ProviderServer) -> None:
    server.answering = lambda _: Answering(503)
    provider = provider_at(server.url)
    with pytest.raises(ProviderUnavailable):
        provider.tell(notification())
    server.answering = lambda _: Answering()

    def told() -> bool:
        try:
            provider.tell(notification())
        except ProviderUnavailable:
            return False
        return True

    wait_until(told, "it is asked again")
    assert len(server.got) == 2


def test_retry_after_makes_the_pause_as_long_as_it_says(server: ProviderServer) -> None:
    server.answering = lambda _: Answering(429, {"Retry-After": "120"})
    provider = provider_at(server.url)

    with pytest.raises(ProviderUnavailable) as first:
        provider.tell(notification())
    with pytest.raises(ProviderUnavailable) as second:
        provider.tell(notification())

    assert first.value.retry_after == 120
    assert 110 < second.value.retry_after <= 120


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(server: ProviderServer, status: int) -> None:
    with provider_server() as elsewhere:
        server.answering = lambda _: Answering(status, {"Location": elsewhere.url})

        with pytest.raises(ProviderUnavailable) as outage:
            provider_at(server.url).tell(notification())

        assert outage.value.reason == f"the provider answered {status}"
        assert elsewhere.got == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_an_address_that_is_not_allowed_is_not_connected_to(server: ProviderServer, host: str) -> None:
    provider = provider_at(f"http://{host}:{server.port}/", networks=(ip_network("10.0.0.0/8"),))

    with pytest.raises(ProviderUnavailable) as refused:
        provider.tell(notification())

    assert isinstance(refused.value.__cause__, AddressRefused)
    assert "127.0.0.1" in refused.value.__cause__.addresses
    assert server.got == []


def test_a_name_that_leads_elsewhere_a_moment_later_leads_nowhere(
    server: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, asked = socket.getaddrinfo, []

    def rebinding(host: str, *arguments: Any, **options: Any) -> Any:
        if host != "provider.example":
            return real(host, *arguments, **options)
        asked.append(host)
        # Harmless the first time, and loopback ever after.
        return real("192.0.2.1" if len(asked) == 1 else "127.0.0.1", *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    provider = provider_at(
        f"http://provider.example:{server.port}/", networks=(ip_network("192.0.2.0/24"),), seconds=0.2
    )

    with pytest.raises(ProviderUnavailable):
        provider.tell(notification())

    assert (asked, server.got) == (["provider.example"], [])


def test_an_ipv4_address_in_the_clothes_of_ipv6_is_judged_as_what_it_is(server: ProviderServer) -> None:
    provider_at(f"http://[::ffff:127.0.0.1]:{server.port}/", networks=LOOPBACK[:1]).tell(notification())
    anything_of_ipv6 = provider_at(f"http://[::ffff:127.0.0.1]:{server.port}/", networks=(ip_network("::/0"),))

    with pytest.raises(ProviderUnavailable) as refused:
        anything_of_ipv6.tell(notification())
    assert isinstance(refused.value.__cause__, AddressRefused)
    assert len(server.got) == 1


def test_settings_show_neither_address_nor_key() -> None:
    settings = ProviderSettings(url="http://secret.example/token", key=signing_key(SECRET), networks=LOOPBACK)

    assert "secret.example" not in repr(settings)
    assert str(msgspec.structs.asdict(settings)["key"]) not in repr(settings)


def test_every_notification_has_a_key_of_its_own() -> None:
    first, second = notification(), notification()

    assert UUID(str(first.id)) < UUID(str(second.id))
