"""The package as a Django application: it brings the management commands."""

from django.apps import AppConfig


class CqrsConfig(AppConfig):
    """`cqrs` in INSTALLED_APPS."""

    name = "cqrs"
    label = "cqrs"
