"""Every address of a replica that serves one service, the one that SERVICE names."""

from importlib import import_module

from django.conf import settings
from django.urls import URLPattern

from cqrs.web import error_pages
from cqrs_project.edge_urls import EDGE


def _of_the_service(name: str | None) -> list[URLPattern]:
    # No other service's module is imported: what is documented there would stand in this one's schema.
    return [] if name is None else list(import_module(f"services.{name}.urls").urlpatterns)


urlpatterns = [*_of_the_service(settings.ENVIRONMENT.service), *EDGE]

handler400 = error_pages.bad_request
handler403 = error_pages.permission_denied
handler404 = error_pages.not_found
handler500 = error_pages.server_error
