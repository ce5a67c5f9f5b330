from typing import ClassVar

from django.db import models

NOTE_CHARACTERS_MAX = 2000


class AccountNote(models.Model):
    """What somebody wrote of an account. A correction is another note."""

    insert_only = True

    account = models.ForeignKey("ledger.Account", on_delete=models.PROTECT, related_name="+", db_index=False)
    author = models.CharField(max_length=150)
    text = models.CharField(max_length=NOTE_CHARACTERS_MAX)
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        # Read by: the account's page.
        indexes: ClassVar = [models.Index("account", models.F("id").desc(), name="ledger_accountnote_newest")]
        constraints: ClassVar = [
            models.CheckConstraint(name="ledger_accountnote_says_something", condition=~models.Q(text="")),
        ]

    def __str__(self) -> str:
        return f"note of {self.author}"
