"""The addresses of the service."""

from django.urls import path

from services.delivery.views import DemoView, MissedView, RetryView, RulesView, SummaryView, UsersView, WindowsView

urlpatterns = [
    path("api/v1/users", UsersView.as_view()),
    path("api/v1/delivery/windows", WindowsView.as_view()),
    path("api/v1/delivery/summary", SummaryView.as_view()),
    path("api/v1/delivery/missed", MissedView.as_view()),
    path("api/v1/delivery/rules", RulesView.as_view()),
    path("api/v1/delivery/demo", DemoView.as_view()),
    path("api/v1/delivery/demo/retry", RetryView.as_view()),
]
