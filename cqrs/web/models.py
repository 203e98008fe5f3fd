"""The table of idempotency keys; `cqrs.web.idempotency` reads and writes it in SQL."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class IdempotencyKey(models.Model):
    """The answer that a key got: sent again to whoever repeats the request within a day."""

    scope = models.BinaryField(primary_key=True, max_length=32)
    """SHA-256 of method, path with query, and key."""

    fingerprint = models.BinaryField(max_length=32)
    """SHA-256 of content type and body, so that another request under the same key is noticed."""

    status = models.SmallIntegerField()
    headers = models.JSONField()
    body = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "cqrs_idempotency_key"
        indexes: ClassVar = [models.Index(fields=["created_at"], name="cqrs_idempotency_key_age")]
