"""The read side of users as a Django application; it has no tables."""

from django.apps import AppConfig


class UsersQueryConfig(AppConfig):
    """`users_query` in INSTALLED_APPS."""

    name = "users_query"
    label = "users_query"
