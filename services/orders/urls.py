"""The addresses of the service."""

from django.urls import path

from services.orders.views import KnownTicketsView, KnownTicketView

urlpatterns = [
    path("api/orders/tickets", KnownTicketsView.as_view()),
    path("api/orders/tickets/<uuid:ticket_id>", KnownTicketView.as_view()),
]
