"""The policy: thresholds on scores, versioned. The newest version is the live one."""

from typing import Any

from django.db import models


class PolicyVersion(models.Model):
    """One published policy. `thresholds` has the fields of scoring.domain.policy.Policy except its version."""

    insert_only = True

    number = models.PositiveIntegerField(primary_key=True)
    thresholds: Any = models.JSONField()
    note = models.CharField(max_length=500, blank=True)
    published_by = models.CharField(max_length=150)
    published_at = models.DateTimeField()

    class Meta:
        ordering = ("-number",)

    def __str__(self) -> str:
        return f"policy {self.number}"
