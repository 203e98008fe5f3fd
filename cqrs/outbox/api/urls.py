"""The addresses, relative to where the project includes them."""

from django.urls import path

from cqrs.outbox.api.views import FailedEventsView, RetryEventView, WaitingEventView

urlpatterns = [
    path("outboxes/<slug:outbox>/events", FailedEventsView.as_view()),
    path("outboxes/<slug:outbox>/events/<str:event_id>", WaitingEventView.as_view()),
    path("outboxes/<slug:outbox>/events/<str:event_id>/retry", RetryEventView.as_view()),
]
