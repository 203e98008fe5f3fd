"""Users made in whichever database the process is given: `python -m tests.management.creation COUNT`."""

import sys

import django

if __name__ == "__main__":
    django.setup()
    from tests.management.population import create

    create(int(sys.argv[1]))
