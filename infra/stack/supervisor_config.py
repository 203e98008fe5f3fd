"""The configuration file of one supervisord: its programs, and the watcher that hears what becomes of them."""

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.stack.account import dying_with_parent
from infra.stack.layout import REPOSITORY, Layout
from infra.stack.program import Program

_WATCHED = "PROCESS_STATE_EXITED,PROCESS_STATE_BACKOFF,PROCESS_STATE_FATAL,TICK_5"


def render(runner: str, programs: Sequence[Program], layout: Layout, socket: Path) -> str:
    """Return the text of `runner`'s configuration file; supervisorctl can use the same file."""
    sections: dict[str, Mapping[str, object]] = {
        "supervisord": {
            "nodaemon": "true",
            "logfile": "/dev/null",
            "logfile_maxbytes": "0",
            "pidfile": layout.run / f"{runner}.pid",
            "identifier": runner,
            "umask": "077",
            **({"user": "root"} if os.geteuid() == 0 else {}),
        },
        "unix_http_server": {"file": socket, "chmod": "0700"},
        "rpcinterface:supervisor": {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
        },
        "supervisorctl": {"serverurl": f"unix://{socket}"},
        "eventlistener:watcher": {
            **_process(_watcher(runner), layout),
            "events": _WATCHED,
            "redirect_stderr": "false",
            "stdout_logfile": "NONE",
            "stderr_logfile": layout.log_of(f"watcher-{runner}"),
        },
    }
    for program in programs:
        sections[f"program:{program.name}"] = _process(program, layout)
    for group, members in _groups(programs).items():
        sections[f"group:{group}"] = {
            "programs": ",".join(member.name for member in members),
            "priority": members[0].priority,
        }
    return "\n".join(_section(name, keys) for name, keys in sections.items())


def _watcher(runner: str) -> Program:
    return Program(name="watcher", command=(sys.executable, "-m", "infra.stack.watcher", runner), priority=-1)


def _process(program: Program, layout: Layout) -> dict[str, object]:
    command = (*program.run_as, *dying_with_parent(program.stop_signal), *program.command)
    return {
        "command": shlex.join(command),
        "directory": REPOSITORY,
        "environment": ",".join(f'{name}="{value}"' for name, value in program.environment.items()),
        "priority": program.priority,
        "autorestart": "true",
        "startsecs": program.start_seconds,
        "startretries": "4",
        "stopsignal": program.stop_signal,
        "stopwaitsecs": program.stop_seconds,
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": layout.log_of(program.name),
        "stdout_logfile_maxbytes": "10MB",
        "stdout_logfile_backups": "2",
    }


def _groups(programs: Sequence[Program]) -> dict[str, list[Program]]:
    groups: dict[str, list[Program]] = {}
    for program in programs:
        if program.group is not None:
            groups.setdefault(program.group, []).append(program)
    return groups


def _section(name: str, keys: Mapping[str, object]) -> str:
    # supervisor expands %(…)s in every value, and a path may well hold a percent sign. Paths of logs it expands twice.
    lines = [
        f"{key} = {str(value).replace('%', '%%%%' if key.endswith('_logfile') else '%%')}"
        for key, value in keys.items()
        if value != ""
    ]
    return "\n".join([f"[{name}]", *lines, ""])
