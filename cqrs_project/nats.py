"""The stream of this installation, on the servers that NATS_URL names."""

from collections.abc import Sequence

from django.conf import settings

from cqrs.publishers.jetstream.settings import JetStreamSettings, define_jetstream
from cqrs_project.environment import InvalidEnvironment

SUBJECTS = ("tickets.*",)


def jetstream(*, subjects: Sequence[str] = SUBJECTS, suffix: str = "") -> JetStreamSettings:
    """Return where events go, and come from: by default tickets by their id, or a stream named and used otherwise.

    Raises InvalidEnvironment where NATS_URL is not set.
    """
    environment = settings.ENVIRONMENT
    if environment.nats_url is None:
        raise InvalidEnvironment(["NATS_URL is not set"])
    return define_jetstream(
        url=environment.nats_url,
        subjects=subjects,
        cluster_id=environment.nats_cluster_id + suffix,
        client_id=environment.nats_client_id,
        replicas=environment.nats_replicas,
    )
