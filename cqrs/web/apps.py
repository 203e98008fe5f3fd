"""The Django app of the edge: its one table holds idempotency keys."""

from django.apps import AppConfig


class CqrsWebConfig(AppConfig):
    """Label `cqrs_web`."""

    name = "cqrs.web"
    label = "cqrs_web"
    verbose_name = "CQRS web edge"
    default_auto_field = "django.db.models.BigAutoField"
