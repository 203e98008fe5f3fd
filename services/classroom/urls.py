"""The addresses of the service."""

from django.urls import path

from services.classroom.views import EnrolmentListView

urlpatterns = [path("api/enrolments", EnrolmentListView.as_view())]
