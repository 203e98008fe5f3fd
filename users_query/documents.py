"""The denormalised documents, one a user: whole, and ready to be answered as they are."""

from typing import Any

import mongoengine as me

COLLECTION = "users"


class NameDocument(me.EmbeddedDocument):
    """`name`."""

    title = me.StringField()
    first = me.StringField()
    last = me.StringField()


class StreetDocument(me.EmbeddedDocument):
    """`location.street`."""

    number = me.LongField()
    name = me.StringField()


class CoordinatesDocument(me.EmbeddedDocument):
    """`location.coordinates`."""

    latitude = me.StringField()
    longitude = me.StringField()


class TimezoneDocument(me.EmbeddedDocument):
    """`location.timezone`."""

    offset = me.StringField()
    description = me.StringField()


class LocationDocument(me.EmbeddedDocument):
    """`location`."""

    street = me.EmbeddedDocumentField(StreetDocument)
    city = me.StringField()
    state = me.StringField()
    country = me.StringField()
    postcode = me.StringField()
    coordinates = me.EmbeddedDocumentField(CoordinatesDocument)
    timezone = me.EmbeddedDocumentField(TimezoneDocument)


class IdentityDocument(me.EmbeddedDocument):
    """`identity`: the national identity document."""

    name = me.StringField()
    value = me.StringField()


class LoginDocument(me.EmbeddedDocument):
    """`login`, without secrets."""

    uuid = me.UUIDField(binary=True)
    username = me.StringField()


class DateDocument(me.EmbeddedDocument):
    """`dob` and `registered`."""

    date = me.DateTimeField()


class PictureDocument(me.EmbeddedDocument):
    """`picture`."""

    large = me.StringField()
    medium = me.StringField()
    thumbnail = me.StringField()


class UserDocument(me.Document):
    """A user as the read side answers it.

    `_id` is the user's UUIDv7, so descending ids are newest first. A document with `deleted` is a tombstone: it holds
    only its version, every query leaves it out, and the partial indexes do not contain it.
    """

    id = me.UUIDField(primary_key=True, binary=True)
    version = me.LongField(required=True)
    deleted = me.BooleanField(required=True, default=False)
    email = me.StringField()
    gender = me.StringField()
    name = me.EmbeddedDocumentField(NameDocument)
    location = me.EmbeddedDocumentField(LocationDocument)
    identity = me.EmbeddedDocumentField(IdentityDocument)
    login = me.EmbeddedDocumentField(LoginDocument)
    dob = me.EmbeddedDocumentField(DateDocument)
    registered = me.EmbeddedDocumentField(DateDocument)
    phone = me.StringField()
    cell = me.StringField()
    picture = me.EmbeddedDocumentField(PictureDocument)
    nat = me.StringField()
    seed = me.StringField()
    app_id = me.StringField(db_field="appId")
    current_status = me.StringField(db_field="currentStatus", choices=("SYNCHRONIZED",))
    created_at = me.DateTimeField(db_field="createdAt")
    updated_at = me.DateTimeField(db_field="updatedAt")
    synchronized_at = me.DateTimeField(db_field="synchronizedAt")

    meta: dict[str, Any] = {
        "collection": COLLECTION,
        "auto_create_index": False,
        "index_cls": False,
        "strict": False,
    }


LIVE = {"deleted": False}
FILTERS = ("seed", "appId", "nat", "gender", "email")
