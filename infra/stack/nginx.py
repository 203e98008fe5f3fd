"""nginx before the replicas, from the same template as in the containers."""

import re
from collections.abc import Mapping, Sequence

from infra.stack.account import unprivileged
from infra.stack.layout import REPOSITORY, Layout
from infra.stack.program import Program
from infra.stack.system_package import require

TEMPLATE = REPOSITORY / "infra" / "nginx" / "nginx.conf.template"
_PLACEHOLDER = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


def nginx(layout: Layout, listen: str, replicas: Sequence[str], *, also: Sequence[str] = ()) -> Program:
    """Write nginx's configuration and return the program; it listens on `also`, too.

    Raises ProgramMissing where there is none to be had.
    """
    executable = require("nginx")
    # It needs no privilege for its port, so it has none; as root it would also start workers as an account that
    # may not reach its folder.
    account = unprivileged(executable)
    account.own(layout.nginx)
    configuration = layout.run / "nginx.conf"
    addresses = {f"REPLICA_{number}": address for number, address in enumerate(replicas, start=1)}
    further = " ".join(f"listen {address};" for address in also)
    values = {"LISTEN": listen, "LISTEN_ALSO": further, "RUN_DIR": str(layout.nginx), **addresses}
    configuration.write_text(fill(TEMPLATE.read_text(), values))
    return Program(
        name="nginx",
        command=(str(executable), "-c", str(configuration), "-g", "daemon off;"),
        run_as=account.prefix,
        priority=300,
        # Requests that are under way are answered first.
        stop_signal="QUIT",
    )


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return the template with its `${PLACEHOLDERS}` filled. Raises KeyError for one without a value."""
    return _PLACEHOLDER.sub(lambda found: _quoted(values[found[1]]), template)


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
