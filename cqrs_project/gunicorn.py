"""gunicorn's settings for one replica: `gunicorn --config cqrs_project/gunicorn.py cqrs_project.wsgi:application`."""

import os
import sys
from pathlib import Path

from cqrs_project.environment import InvalidEnvironment, read_environment
from cqrs_project.garbage import collect_seldom, load_first
from cqrs_project.processors import stay_on_processor

try:
    _environment = read_environment()
except InvalidEnvironment as error:
    # gunicorn would add a traceback to anything but an exit.
    sys.stderr.write(f"{error}\n")
    sys.exit(2)

bind = os.environ.get("BIND", "127.0.0.1:8000")

# One process a replica: the threads share its connections to the stores, and its commands can share a transaction.
# More processes are more replicas, which nginx then balances.
worker_class = "cqrs_project.web_worker.WebWorker"
workers = 1
threads = _environment.web_threads
preload_app = False

# Longer than nginx keeps an idle connection, so that it is never closed under a request that nginx is sending.
keepalive = 75
timeout = 60
graceful_timeout = 25

# The heartbeat is a file that is touched every second; on a disk that is busy it can block the worker.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108

# The application writes one line a request itself, with the ids that belong to it.
accesslog = None
errorlog = "-"
# Nothing uses it, and it would leave a socket in the home folder.
control_socket_disable = True


def post_fork(_arbiter: object, _worker: object) -> None:
    """Keep the replica on WEB_PROCESSOR, where that is set: here it has one thread, from which all others inherit."""
    load_first()
    if _environment.web_processor is not None:
        stay_on_processor(_environment.web_processor)


def post_worker_init(_worker: object) -> None:
    """Serve this process's metrics on METRICS_PORT, where that is set. The application is loaded by now."""
    collect_seldom()
    port = os.environ.get("METRICS_PORT")
    if port:
        # Not above: that would load a part of the application in the process that only watches this one.
        from cqrs.web.metrics import serve_metrics

        serve_metrics(int(port))
