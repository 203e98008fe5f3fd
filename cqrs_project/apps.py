"""The project as a Django application: puts the parts together once Django is ready."""

from django.apps import AppConfig
from django.conf import settings


class ProjectConfig(AppConfig):
    """`cqrs_project` in INSTALLED_APPS, last, so that everything it composes is there."""

    name = "cqrs_project"
    label = "cqrs_project"

    def ready(self) -> None:
        """Compose the process: the whole application, or the one service that SERVICE names."""
        # Not above: each knows parts that are not there where the other is needed.
        if settings.ENVIRONMENT.service is None:
            from cqrs_project.bootstrap import compose
        else:
            from cqrs_project.lone_service import compose
        compose()
