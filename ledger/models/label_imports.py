from typing import ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models


class LabelImport(models.Model):
    """A file of labels on its way into the record. A work row: the labels and the audit are what stays true."""

    class State(models.TextChoices):
        UPLOADED = "uploaded", "waiting to be checked"
        CHECKED = "checked", "checked"
        APPLYING = "applying", "being added"
        APPLIED = "applied", "added"
        REFUSED = "refused", "thrown away"
        FAILED = "failed", "not usable"

    state = models.CharField(max_length=20, choices=State, default=State.UPLOADED)
    file_name = models.CharField("file", max_length=200)
    file_sha256 = models.CharField("SHA-256", max_length=64)
    size_bytes = models.BigIntegerField(help_text="Unpacked.")
    # Unpacked; a service made sure that it holds no card number. Gone once the import has ended.
    content = models.BinaryField(null=True)
    counts = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    faults = models.JSONField(default=list, encoder=DjangoJSONEncoder)  # the first of them, or why it failed
    leaves_out_faulty = models.BooleanField(default=False)
    uploaded_by = models.CharField(max_length=150)
    uploaded_at = models.DateTimeField()
    ended_by = models.CharField(max_length=150, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ("-id",)

    def __str__(self) -> str:
        return self.file_name
