"""Where the parts of a running stack are, for people."""

from urllib.parse import urlsplit

from infra.stack.layout import Layout
from infra.stack.stack_env import read_stack_env


def addresses(layout: Layout) -> str:
    """Return one line for each address in use; passwords stay in `stack.env`."""
    in_use = read_stack_env(layout.stack_env)
    lines = {
        "Page": f"{in_use['HTTP_URL']}/",
        "Swagger UI": f"{in_use['HTTP_URL']}/api",
        "PostgreSQL": _without_password(in_use["DATABASE_URL"]),
        "MongoDB": _without_password(in_use["MONGODB_URI"]),
        "NATS": _without_password(in_use["NATS_URL"]),
        "Settings": str(layout.stack_env),
        "Logs": str(layout.logs),
    }
    return "\n".join(f"{name:<12}{address}" for name, address in lines.items())


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    credentials, at, hosts = parts.netloc.rpartition("@")
    user = credentials.partition(":")[0]
    return parts._replace(netloc=f"{user}{at}{hosts}").geturl()
