"""The event log as a Django application: it brings the tables."""

from django.apps import AppConfig


class EventLogConfig(AppConfig):
    """`cqrs.eventlog` in INSTALLED_APPS."""

    name = "cqrs.eventlog"
    label = "cqrs_eventlog"
