"""Every address of the application."""

from django.urls import path

from cqrs.web import error_pages
from cqrs_project.edge_urls import EDGE
from services.alert_provider import urls as alert_provider
from services.classroom import urls as classroom
from services.delivery import urls as delivery
from services.notifications import urls as notifications
from services.orders import urls as orders
from services.purchases import urls as purchases
from services.sensor_data import urls as sensor_data
from services.tickets import urls as tickets
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
    *purchases.urlpatterns,
    *classroom.urlpatterns,
    *sensor_data.urlpatterns,
    *notifications.urlpatterns,
    *alert_provider.urlpatterns,
    *tickets.urlpatterns,
    *orders.urlpatterns,
    *delivery.urlpatterns,
    *EDGE,
]

handler400 = error_pages.bad_request
handler403 = error_pages.permission_denied
handler404 = error_pages.not_found
handler500 = error_pages.server_error
