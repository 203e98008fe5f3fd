"""The addresses of the service, and those of its outbox."""

from django.urls import include, path

from services.tickets.accounts.views import CurrentUserView, SignInView, SignOutView, SignUpView
from services.tickets.views import TicketsView, TicketView

urlpatterns = [
    path("api/tickets", TicketsView.as_view()),
    path("api/tickets/<uuid:ticket_id>", TicketView.as_view()),
    path("api/users/signup", SignUpView.as_view()),
    path("api/users/signin", SignInView.as_view()),
    path("api/users/signout", SignOutView.as_view()),
    path("api/users/currentuser", CurrentUserView.as_view()),
    path("api/v1/", include("cqrs.outbox.api.urls")),
]
