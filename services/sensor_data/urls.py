"""The addresses of the service, where its seed has them."""

from django.urls import path

from services.sensor_data.views import DataView, ValidRangeView

urlpatterns = [
    path("data", DataView.as_view()),
    path("sensors/<uuid:sensor_id>/valid-range", ValidRangeView.as_view()),
]
