"""The programs of the application: three replicas, the workers, and nginx before the replicas."""

import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from functools import partial

from infra.stack.layout import REPOSITORY, Layout
from infra.stack.nginx import nginx
from infra.stack.ports import Ports
from infra.stack.program import Program
from infra.stack.supervisor import APPLICATION, Supervisor
from infra.stack.waiting import wait_until

REPLICAS = ("instance-1", "instance-2", "instance-3")
# Each worker by its name, and the instance as which it works.
WORKERS = {
    "users-projector": "projector-1",
    "users-publisher": "users-publisher-1",
    "classroom": "classroom-1",
    "sensor-alerts": "sensor-alerts-1",
    "notifications": "notifications-1",
    "tickets-relay": "tickets-relay-1",
    "tickets-retry": "tickets-retry-1",
    "orders": "orders-1",
    "delivery-scheduler": "delivery-scheduler-1",
    "delivery-demo": "delivery-demo-1",
}
# Nobody waits for what they tell or count: where all share a machine, they take what the others leave.
FOLLOWERS = ("users-publisher", "delivery-scheduler", "delivery-demo")
_LAST = ("nice", "-n", "19")
# The services are also where their seed has them.
SEED_PORTS = ("SENSOR_DATA_PORT", "NOTIFICATIONS_PORT")
_READY_SECONDS = 180
# Loading Django takes a second or two, more on a busy machine: one that ends within this time has not started.
_LOADING_SECONDS = 5
_SERVER_ERROR = 500
# Each thread would else keep the memory of its largest request in an arena of its own.
_FEW_ARENAS = {"MALLOC_ARENA_MAX": "2"}


def metrics_variable(program: str) -> str:
    """Return the variable that holds the port of a program's `/metrics`."""
    return f"{program.upper().replace('-', '_')}_METRICS_PORT"


def application_programs(layout: Layout, ports: Ports) -> list[Program]:
    """Return the programs to run. Raises ProgramMissing where there is no nginx to be had."""
    replicas = [ports.address(_port_variable(name)) for name in REPLICAS]
    return [
        *(_worker(name, ports) for name in WORKERS),
        *(_replica(name, ports) for name in REPLICAS),
        nginx(layout, ports.address("HTTP_PORT"), replicas, also=[ports.address(name) for name in SEED_PORTS]),
    ]


def start_application(
    layout: Layout, ports: Ports, programs: Sequence[Program], environment: Mapping[str, str]
) -> None:
    """Start all programs and return when each of them answers.

    Raises ProgramFailed or StackStopped naming the one that failed; the others then still run.
    """
    Supervisor(layout, APPLICATION).start(programs, environment)
    for program, url in _probes(ports).items():
        wait_until(partial(_answers, url), program=program, layout=layout, seconds=_READY_SECONDS)


def _replica(name: str, ports: Ports) -> Program:
    return Program(
        name=name,
        command=(
            *(sys.executable, "-m", "gunicorn"),
            *("--config", str(REPOSITORY / "cqrs_project" / "gunicorn.py")),
            "cqrs_project.wsgi:application",
        ),
        environment={
            **_FEW_ARENAS,
            "APPID": name,
            "BIND": ports.address(_port_variable(name)),
            "METRICS_PORT": str(ports[metrics_variable(name)]),
            "WEB_PROCESSOR": str(REPLICAS.index(name)),
        },
        group="web",
        priority=200,
        start_seconds=_LOADING_SECONDS,
    )


def _worker(name: str, ports: Ports) -> Program:
    return Program(
        name=name,
        command=(sys.executable, str(REPOSITORY / "manage.py"), "run_worker", name),
        run_as=_LAST if name in FOLLOWERS else (),
        environment={**_FEW_ARENAS, "APPID": WORKERS[name], "METRICS_PORT": str(ports[metrics_variable(name)])},
        priority=100,
        start_seconds=_LOADING_SECONDS,
    )


def _probes(ports: Ports) -> dict[str, str]:
    """The address at which each program shows that it is at work; nginx last, since it needs the replicas."""
    return {
        **{name: f"http://{ports.address(_port_variable(name))}/livez" for name in REPLICAS},
        **{name: f"http://{ports.address(metrics_variable(name))}/metrics" for name in WORKERS},
        "nginx": f"http://{ports.address('HTTP_PORT')}/",
    }


def _port_variable(replica: str) -> str:
    return f"{replica.upper().replace('-', '_')}_PORT"


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except urllib.error.HTTPError as error:
        return error.code < _SERVER_ERROR
    except OSError:
        return False
