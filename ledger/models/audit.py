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
        permissions: ClassVar = [("export_auditentry", "Can take the audit out as a file")]
        indexes: ClassVar = [
            # Read by: the history of one thing, and what one person did, newest first.
            models.Index("subject", F("id").desc(), name="audit_subject"),
            models.Index("actor", F("id").desc(), name="audit_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.subject}"
