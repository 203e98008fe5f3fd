"""The entry of the web replicas."""

import os

from django.core.wsgi import get_wsgi_application

from cqrs_project.lean_requests import leave_out_what_nobody_needs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cqrs_project.settings")

application = get_wsgi_application()
leave_out_what_nobody_needs()
