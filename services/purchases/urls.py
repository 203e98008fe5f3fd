"""The addresses of the service."""

from django.urls import path

from services.purchases.views import CreatePurchaseView, PurchaseView

urlpatterns = [
    path("api/purchases", CreatePurchaseView.as_view()),
    path("api/purchases/<uuid:purchase_id>", PurchaseView.as_view()),
]
