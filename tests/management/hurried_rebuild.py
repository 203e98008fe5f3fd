"""A rebuild whose death costs less waiting: `python -m tests.management.hurried_rebuild PAUSE_SECONDS`.

It is `manage.py rebuild_projection users` with another pause before the swap.
"""

import sys

import django

if __name__ == "__main__":
    django.setup()
    from cqrs.management.commands.rebuild_projection import Command

    command = Command()
    command.pause_seconds = float(sys.argv[1])
    command.run_from_argv(["manage.py", "rebuild_projection", "users"])
