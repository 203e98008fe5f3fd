"""The addresses of the service, where its seed has them."""

from django.urls import path

from services.notifications.views import AlertsView, AlertView, RetryAlertView

urlpatterns = [
    path("alerts", AlertsView.as_view()),
    path("alerts/<uuid:alert_id>", AlertView.as_view()),
    path("alerts/<uuid:alert_id>/retry", RetryAlertView.as_view()),
]
