"""The provider of notifications that the replicas have built in, used unless the environment names another one."""

from collections.abc import Mapping

from infra.stack.layout import Layout
from infra.stack.ports import Ports
from infra.stack.secrets import webhook_secret

URL, SECRET, NETWORKS = "EXT_ALERT_PROVIDER_URL", "EXT_ALERT_PROVIDER_SECRET", "EXT_ALERT_PROVIDER_NETWORKS"
PATH = "/api/v1/provider/texts"


def provider_variables(variables: Mapping[str, str], layout: Layout, ports: Ports) -> dict[str, str]:
    """Return what the application has to know of its provider, beside what `variables` say.

    The first call makes the secret that is missing. It is the worker that calls the provider, through nginx: no thread
    of a replica waits for another replica.
    """
    if URL in variables:
        return {name: variables[name] for name in (URL, SECRET, NETWORKS) if name in variables}
    return {
        URL: f"http://{ports.address('HTTP_PORT')}{PATH}",
        SECRET: variables.get(SECRET) or webhook_secret(layout.secrets, "alert_provider"),
        NETWORKS: "127.0.0.0/8",
    }
