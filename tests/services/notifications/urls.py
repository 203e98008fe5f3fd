"""The addresses of the service, alone."""

from django.urls import path

from cqrs.web import error_pages
from services.notifications.views import AlertsView, AlertView, RetryAlertView

urlpatterns = [
    path("alerts", AlertsView.as_view()),
    path("alerts/<uuid:alert_id>", AlertView.as_view()),
    path("alerts/<uuid:alert_id>/retry", RetryAlertView.as_view()),
]

handler400 = error_pages.bad_request
handler404 = error_pages.not_found
handler500 = error_pages.server_error
