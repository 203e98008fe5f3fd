"""The normalised tables: the source of truth for users.

Rows are written by the statements in `users_command.handlers`, thousands at a time; these models own the schema. A
deleted user keeps its rows: reads leave it out, statistics count it.
"""

from django.db import models
from django.db.models import Q


class User(models.Model):
    """A user of randomuser.me's kind, without what is kept in the satellites."""

    id = models.UUIDField(primary_key=True, editable=False)
    email = models.TextField()
    seed = models.TextField()
    app_id = models.TextField()
    version = models.BigIntegerField()
    gender = models.TextField(null=True)
    nat = models.TextField(null=True)
    title = models.TextField(null=True)
    first_name = models.TextField(null=True)
    last_name = models.TextField(null=True)
    born_at = models.DateTimeField(null=True)
    registered_at = models.DateTimeField(null=True)
    phone = models.TextField(null=True)
    cell = models.TextField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "prm_user"
        constraints = [
            models.CheckConstraint(condition=~Q(email=""), name="prm_user_email_not_empty"),
            models.CheckConstraint(condition=~Q(seed=""), name="prm_user_seed_not_empty"),
            models.CheckConstraint(condition=Q(version__gte=1), name="prm_user_version_positive"),
            models.CheckConstraint(condition=Q(updated_at__gte=models.F("created_at")), name="prm_user_times_ordered"),
        ]
        indexes = [models.Index(fields=["seed", "app_id"], name="prm_user_run")]


class UserLocation(models.Model):
    """Where a user lives. Postcodes are text: many begin with a zero or hold letters."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="location")
    street_number = models.BigIntegerField(null=True)
    street_name = models.TextField(null=True)
    city = models.TextField(null=True)
    state = models.TextField(null=True)
    country = models.TextField(null=True)
    postcode = models.TextField(null=True)
    latitude = models.TextField(null=True)
    longitude = models.TextField(null=True)
    timezone_offset = models.TextField(null=True)
    timezone_description = models.TextField(null=True)

    class Meta:
        db_table = "prm_user_location"


class UserIdentity(models.Model):
    """The national identity document: its kind, and its number where there is one."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="identity")
    name = models.TextField(null=True)
    value = models.TextField(null=True)

    class Meta:
        db_table = "prm_user_identity"


class UserLogin(models.Model):
    """The login, without any secret. Its uuid is the user's natural key within a run."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="login")
    seed = models.TextField()
    uuid = models.UUIDField(null=True)
    username = models.TextField(null=True)

    class Meta:
        db_table = "prm_user_login"
        constraints = [models.UniqueConstraint(fields=["seed", "uuid"], name="prm_user_login_once_per_run")]


class UserPicture(models.Model):
    """Addresses of the user's portraits."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="picture")
    large = models.TextField(null=True)
    medium = models.TextField(null=True)
    thumbnail = models.TextField(null=True)

    class Meta:
        db_table = "prm_user_picture"
