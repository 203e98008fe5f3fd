"""Every process of the stack says what it does, on a loopback port of its own."""

import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.faults.population import Population
from tests.running_stack import RunningStack

PROJECTOR = "USERS_PROJECTOR_METRICS_PORT"


def scrape(stack: RunningStack, port_variable: str) -> dict[str, float]:
    """The samples of a process, as `name{label="value",…}`, labels in order."""
    with urllib.request.urlopen(f"http://127.0.0.1:{stack.env[port_variable]}/metrics", timeout=60) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    return {
        sample.name + ("{" + ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items())) + "}"): sample.value
        for family in families
        for sample in family.samples
    }


def test_accepted_projected_and_synchronised_users_are_counted_per_instance(stack: RunningStack) -> None:
    replicas = [1, 2, 3]
    before = {number: scrape(stack, f"INSTANCE_{number}_METRICS_PORT") for number in replicas}
    projector_before = scrape(stack, PROJECTOR)

    with Population(stack.base_url, "metrics", 60):
        pass
    projected = "cqrs_events_projected_total{app_id=projector-1,subscription=users}"
    synchronised = "cqrs_events_appended_total{app_id=projector-1,stage=SYNCHRONIZED}"
    stack.wait_until(
        lambda: scrape(stack, PROJECTOR).get(synchronised, 0) >= projector_before.get(synchronised, 0) + 60,
        "all are counted",
    )

    after = scrape(stack, PROJECTOR)
    assert after[projected] >= projector_before.get(projected, 0) + 60
    accepted = [f"cqrs_events_appended_total{{app_id=instance-{number},stage=CREATED}}" for number in replicas]
    gained = [
        scrape(stack, f"INSTANCE_{number}_METRICS_PORT").get(name, 0) - before[number].get(name, 0)
        for number, name in zip(replicas, accepted, strict=True)
    ]
    assert sum(gained) == 60
    assert all(gained), "nginx gives every replica its share"


def test_the_projector_says_how_far_it_is_behind(stack: RunningStack) -> None:
    name = "cqrs_subscription_lag_{}{{app_id=projector-1,subscription=users}}"

    with Population(stack.base_url, "lag", 5):
        pass

    stack.wait_until(lambda: scrape(stack, PROJECTOR).get(name.format("events")) == 0, "the lag is known, and none")
    assert scrape(stack, PROJECTOR)[name.format("seconds")] == 0


@pytest.mark.parametrize("figure", ["requests_waiting", "requests_wait_ms", "requests_queued", "pool_available"])
def test_a_replica_says_how_its_pool_does(stack: RunningStack, figure: str) -> None:
    samples = scrape(stack, "INSTANCE_1_METRICS_PORT")

    assert f"cqrs_postgres_pool{{figure={figure}}}" in samples


def test_batches_have_sizes_and_times(stack: RunningStack) -> None:
    with Population(stack.base_url, "batches", 5):
        pass

    stack.wait_until(
        lambda: scrape(stack, PROJECTOR).get("cqrs_batch_events_count{app_id=projector-1,subscription=users}", 0) > 0,
        "a batch is counted",
    )
    assert "cqrs_batch_seconds_sum{app_id=projector-1,subscription=users}" in scrape(stack, PROJECTOR)
