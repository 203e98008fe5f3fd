"""The project as a Django application: puts the parts together once Django is ready."""

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    """`cqrs_project` in INSTALLED_APPS, last, so that everything it composes is there."""

    name = "cqrs_project"
    label = "cqrs_project"

    def ready(self) -> None:
        """Compose the process."""
        from cqrs_project.bootstrap import compose

        compose()
