"""A file of items on its way to a list: kept, checked, approved where that is needed, and added chunk by chunk.

The file's bytes lie in parts, so that any worker can read them, and are gone once it was checked; the lines that can
be added, and the faults of the others, until the import has ended.
"""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q

from rules.domain.lists import ITEM_LENGTH_MAX, REASON_LENGTH_MAX
from rules.models.lists import List

nothing = list  # in the class the word means the list that the import is for


class ListImport(models.Model):
    class State(models.TextChoices):
        UPLOADED = "uploaded", "waiting to be checked"
        CHECKING = "checking", "being checked"
        CHECKED = "checked", "checked"
        AWAITING_APPROVAL = "awaiting_approval", "waiting for a second person"
        APPLYING = "applying", "being added"
        APPLIED = "applied", "added"
        REFUSED = "refused", "refused"
        STOPPED = "stopped", "stopped"
        FAILED = "failed", "not usable"
        UNDO_ASKED = "undo_asked", "waiting for a second person to undo it"
        UNDOING = "undoing", "being undone"
        UNDONE = "undone", "undone"

    list = models.ForeignKey(List, on_delete=models.PROTECT, related_name="imports")
    state = models.CharField(max_length=20, choices=State, default=State.UPLOADED)
    file_name = models.CharField("file", max_length=200)
    file_sha256 = models.CharField("SHA-256", max_length=64)
    size_bytes = models.BigIntegerField()
    reason = models.CharField(max_length=REASON_LENGTH_MAX, help_text="For lines that give none.")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="For lines that give none. Empty: never.")
    counts = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    errors = models.JSONField(default=nothing, encoder=DjangoJSONEncoder)  # the first faults, or why it failed
    needs_approval = models.BooleanField(default=False)
    lines_done = models.BigIntegerField(default=0)  # checked or added, by the state
    uploaded_by = models.CharField(max_length=150)
    uploaded_at = models.DateTimeField()
    approved_by = models.CharField(max_length=150, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=150, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)
    revisions = ArrayField(models.BigIntegerField(), default=nothing)  # of the list, one for each chunk it added
    undo_takes_two = models.BooleanField(default=False)
    undo_asked_by = models.CharField(max_length=150, blank=True)
    undo_asked_at = models.DateTimeField(null=True, blank=True)
    undo_note = models.CharField(max_length=500, blank=True)
    undone_by = models.CharField(max_length=150, blank=True)  # who approved it, or asked where nobody had to

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar = [
            models.CheckConstraint(
                name="list_import_two_people",
                condition=Q(needs_approval=False)
                | ~Q(state__in=["applying", "applied"])
                | (~Q(approved_by="") & ~Q(approved_by=F("uploaded_by"))),
            ),
            models.CheckConstraint(
                name="list_import_undo_two_people",
                condition=Q(undo_takes_two=False)
                | ~Q(state__in=["undoing", "undone"])
                | (~Q(undone_by="") & ~Q(undone_by=F("undo_asked_by"))),
            ),
            models.CheckConstraint(name="list_import_has_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} for {self.list}"


class ListImportPart(models.Model):
    """Up to a megabyte of an uploaded file, of which a service made sure that it holds no card number."""

    list_import = models.ForeignKey(ListImport, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        ordering = ("number",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("list_import", "number"), name="list_import_part_once")
        ]

    def __str__(self) -> str:
        return f"part {self.number}"


class ListImportLine(models.Model):
    """A line that can be added."""

    list_import = models.ForeignKey(ListImport, on_delete=models.CASCADE, related_name="lines", db_index=False)
    line = models.PositiveIntegerField()
    value = models.CharField(max_length=ITEM_LENGTH_MAX)
    reason = models.CharField(max_length=REASON_LENGTH_MAX)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("line",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("list_import", "line"), name="list_import_line_once")
        ]

    def __str__(self) -> str:
        return f"line {self.line}"


class ListImportFault(models.Model):
    """Why a line cannot be added. Its content is not kept: it may be what has no place here."""

    list_import = models.ForeignKey(ListImport, on_delete=models.CASCADE, related_name="faults")
    line = models.PositiveIntegerField()
    column = models.CharField(max_length=20)
    words = models.CharField(max_length=300)

    class Meta:
        ordering = ("line",)

    def __str__(self) -> str:
        return f"line {self.line}: {self.words}"
