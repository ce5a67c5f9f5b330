from typing import ClassVar

from django.db import models
from django.db.models import F


class AuditEntry(models.Model):
    """Who did what to what, when. Written by services in the database transaction of the change."""

    insert_only = True

    id = models.UUIDField(primary_key=True)
    actor = models.CharField(max_length=150)
    action = models.CharField(max_length=50)
    subject = models.CharField(max_length=200)
    details = models.JSONField(default=dict)
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "audit entries"
        # Read by: the history of one thing, newest first.
        indexes: ClassVar = [models.Index("subject", F("id").desc(), name="audit_subject")]

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.subject}"
