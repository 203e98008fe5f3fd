"""The addresses of the service, alone."""

from cqrs.web import error_pages
from services.orders.urls import urlpatterns

__all__ = ["urlpatterns"]

handler400 = error_pages.bad_request
handler404 = error_pages.not_found
handler500 = error_pages.server_error
