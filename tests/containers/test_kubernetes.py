"""The Kubernetes manifests are valid, and what they name is there: settings, workers, secrets, services, ports."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from cqrs.management.workers import worker_names
from cqrs_project.environment import read_environment
from cqrs_project.service_settings import SERVICES

Manifest = dict[str, Any]

# The oldest minor version of Kubernetes that its makers still mend, and the newest one.
VERSIONS = ("1.34", "1.36")
SECRETS = {
    "DATABASE_URL": "postgresql://cqrs:password@postgres/cqrs",
    "MONGODB_URI": "mongodb://cqrs:password@mongo/?replicaSet=rs0",
    "SECRET_KEY": "key",
    "JWT_KEY": "k" * 32,
    "OPERATOR_TOKEN": "t" * 32,
    "NATS_PASSWORD": "password",
}
SEED = {"NATS_URL": "nats-srv:4222", "NATS_CLUSTER_ID": "ticketing", "NATS_CLIENT_ID": "pod-1"}


def manifests_of(root: Path, name: str) -> list[Manifest]:
    return list(yaml.safe_load_all((root / "infra/k8s" / f"{name}.yaml").read_text()))


@pytest.fixture(scope="module")
def manifests(root: Path) -> list[Manifest]:
    """All of them."""
    return [one for name in ("nats", "tickets", "application") for one in manifests_of(root, name)]


def pods(manifests: list[Manifest]) -> dict[str, Manifest]:
    """The pod templates of whatever runs containers, by its name."""
    return {one["metadata"]["name"]: one["spec"]["template"] for one in manifests if "template" in one.get("spec", {})}


def container_of(pod: Manifest) -> Manifest:
    (container,) = pod["spec"]["containers"]
    found: Manifest = container
    return found


def environment_of(manifests: list[Manifest], pod: Manifest) -> dict[str, str]:
    """The variables of a container, with secrets and the pod's name filled in."""
    container = container_of(pod)
    maps = {one["metadata"]["name"]: one["data"] for one in manifests if one["kind"] == "ConfigMap"}
    variables: dict[str, str] = {}
    for source in container.get("envFrom", []):
        variables |= maps[source["configMapRef"]["name"]]
    for variable in container["env"]:
        variables[variable["name"]] = _value_of(variable, variables)
    return variables


def _value_of(variable: Manifest, known: dict[str, str]) -> str:
    source = variable.get("valueFrom", {})
    if "secretKeyRef" in source:
        assert source["secretKeyRef"]["name"] == "cqrs-secrets"
        return SECRETS[source["secretKeyRef"]["key"]]
    if "fieldRef" in source:
        assert source["fieldRef"]["fieldPath"] == "metadata.name"
        return "pod-1"
    value = str(variable["value"])
    for name, text in known.items():
        value = value.replace(f"$({name})", text)
    assert "$(" not in value
    return value


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_fits_the_schema_of_kubernetes(manifests: list[Manifest], version: str) -> None:
    for manifest in manifests:
        kubernetes_validate.validate(manifest, version, strict=True)


def test_a_mistake_would_be_seen(manifests: list[Manifest]) -> None:
    deployment = next(one for one in manifests if one["kind"] == "Deployment")
    wrong = {**deployment, "spec": {**deployment["spec"], "replica": 3}}

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[0], strict=True)


def test_every_application_container_has_an_environment_that_the_application_accepts(
    manifests: list[Manifest],
) -> None:
    checked = set()
    for name, pod in pods(manifests).items():
        if container_of(pod)["image"] == "cqrs":
            read_environment(environment_of(manifests, pod))
            checked.add(name)

    assert {"cqrs-migrate", "cqrs-depl", "tickets-depl", "orders-listener"} <= checked


@pytest.mark.parametrize("name", ["tickets-depl", "tickets-relay", "tickets-retry"])
def test_the_tickets_service_has_the_environment_of_its_seed(manifests: list[Manifest], name: str) -> None:
    variables = environment_of(manifests, pods(manifests)[name])

    assert {variable: variables[variable].rpartition("@")[2] for variable in SEED} == SEED


def test_services_that_run_alone_are_services(manifests: list[Manifest]) -> None:
    alone = {one["data"]["SERVICE"] for one in manifests if "SERVICE" in one.get("data", {})}

    assert alone == {"tickets", "orders"}
    assert alone <= set(SERVICES)


def test_every_worker_runs_and_only_those_that_there_are(root: Path) -> None:
    commands = [container_of(pod).get("command", []) for pod in pods(manifests_of(root, "application")).values()]

    assert sorted(command[-1] for command in commands if "run_worker" in command) == worker_names()


def test_every_service_leads_to_a_port_of_a_pod(manifests: list[Manifest]) -> None:
    for service in (one for one in manifests if one["kind"] == "Service"):
        (pod,) = (
            pod
            for pod in pods(manifests).values()
            if service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
        )
        ports = {port["name"] for port in container_of(pod)["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports


def test_no_manifest_holds_a_secret(manifests: list[Manifest]) -> None:
    assert not [one for one in manifests if one["kind"] == "Secret"]
    for pod in pods(manifests).values():
        for variable in container_of(pod)["env"]:
            assert "valueFrom" in variable or not variable["name"].endswith(("_KEY", "PASSWORD", "URI"))


def test_containers_run_without_rights(manifests: list[Manifest]) -> None:
    for name, pod in pods(manifests).items():
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True, name
        assert container_of(pod)["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, name


def test_messages_of_nats_are_on_disk_before_they_are_acknowledged(manifests: list[Manifest]) -> None:
    (configuration,) = (one["data"]["nats.conf"] for one in manifests if one["metadata"]["name"] == "nats-config")

    assert "sync_interval: always" in configuration
