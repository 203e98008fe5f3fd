#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys

from cqrs_project.garbage import collect_seldom, load_first


def main() -> int:
    """Run one management command; settings mistakes are printed a line each, without a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cqrs_project.settings")
    load_first()
    import django
    from django.core.management import execute_from_command_line

    from cqrs_project.environment import InvalidEnvironment

    try:
        django.setup()
        collect_seldom()
        execute_from_command_line(sys.argv)
    except InvalidEnvironment as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
