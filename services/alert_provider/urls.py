"""The addresses of the service."""

from django.urls import path

from services.alert_provider.views import BehaviourView, TextsView

urlpatterns = [
    path("api/v1/provider/texts", TextsView.as_view()),
    path("api/v1/provider/behaviour", BehaviourView.as_view()),
]
