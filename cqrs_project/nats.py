"""The stream of this installation, on the servers that NATS_URL names."""

from django.conf import settings

from cqrs.publishers.jetstream.settings import JetStreamSettings, define_jetstream
from cqrs_project.environment import InvalidEnvironment

# Tickets by their id, and users as other systems follow them.
SUBJECTS = ("tickets.*", "users.>")


def jetstream() -> JetStreamSettings:
    """Return where events go, and come from. Raises InvalidEnvironment where NATS_URL is not set."""
    environment = settings.ENVIRONMENT
    if environment.nats_url is None:
        raise InvalidEnvironment(["NATS_URL is not set"])
    return define_jetstream(
        url=environment.nats_url,
        subjects=SUBJECTS,
        cluster_id=environment.nats_cluster_id,
        client_id=environment.nats_client_id,
        replicas=environment.nats_replicas,
    )
