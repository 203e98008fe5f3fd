"""The addresses of the service, alone."""

from django.urls import path

from cqrs.web import error_pages
from services.sensor_data.views import DataView, ValidRangeView

urlpatterns = [
    path("data", DataView.as_view()),
    path("sensors/<uuid:sensor_id>/valid-range", ValidRangeView.as_view()),
]

handler400 = error_pages.bad_request
handler404 = error_pages.not_found
handler500 = error_pages.server_error
