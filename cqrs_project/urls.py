"""Every address of the application."""

from django.urls import path

from cqrs.web import error_pages
from cqrs.web.health import livez, readyz
from cqrs.web.openapi_views import SchemaView, SwaggerView
from services.classroom.views import EnrolmentListView
from services.notifications.views import AlertsView, AlertView, RetryAlertView
from services.purchases.views import CreatePurchaseView, PurchaseView
from services.sensor_data.views import DataView, ValidRangeView
from users_command.sample_users.view import SampleUsersView
from users_command.views.create_user import CreateUserView
from users_command.views.create_users import CreateUsersView
from users_command.views.stats import UserStatsView
from users_command.views.user import UserEventsView, UserView
from users_query.views.find_user import UserByEmailView, UserDocumentView
from users_query.views.list_users import UserListView

urlpatterns = [
    path("api/v1/user-command", CreateUserView.as_view()),
    path("api/v1/user-command/bulk", CreateUsersView.as_view()),
    path("api/v1/user-command/<uuid:user_id>", UserView.as_view()),
    path("api/v1/user-command/<uuid:user_id>/events", UserEventsView.as_view()),
    path("api/v1/user-stats", UserStatsView.as_view()),
    path("api/v1/user-query", UserListView.as_view()),
    path("api/v1/user-query/email", UserByEmailView.as_view()),
    path("api/v1/user-query/<uuid:user_id>", UserDocumentView.as_view()),
    path("api/v1/sample-users", SampleUsersView.as_view()),
    path("api/purchases", CreatePurchaseView.as_view()),
    path("api/purchases/<uuid:purchase_id>", PurchaseView.as_view()),
    path("api/enrolments", EnrolmentListView.as_view()),
    path("data", DataView.as_view()),
    path("sensors/<uuid:sensor_id>/valid-range", ValidRangeView.as_view()),
    path("alerts", AlertsView.as_view()),
    path("alerts/<uuid:alert_id>", AlertView.as_view()),
    path("alerts/<uuid:alert_id>/retry", RetryAlertView.as_view()),
    path("api", SwaggerView.as_view()),
    path("api/schema", SchemaView.as_view(), name="schema"),
    path("livez", livez),
    path("readyz", readyz),
]

handler400 = error_pages.bad_request
handler403 = error_pages.permission_denied
handler404 = error_pages.not_found
handler500 = error_pages.server_error
