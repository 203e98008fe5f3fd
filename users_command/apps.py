"""The write side of users as a Django application."""

from django.apps import AppConfig


class UsersCommandConfig(AppConfig):
    """`users_command` in INSTALLED_APPS."""

    name = "users_command"
    label = "users_command"
