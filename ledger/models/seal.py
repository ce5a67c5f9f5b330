"""The seal: blocks of hashes over the rows of the record, each block holding the head of the one before.

Insert-only like what they seal. The heads also leave the database, see ledger.services.seal.heads.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from ledger.domain.seal import BlockFacts


class SealBlock(models.Model):
    """A closed range of rows. `root` is that of the tree over its leaves, `head` chains it to the block before."""

    insert_only = True

    number = models.BigIntegerField(primary_key=True)
    leaves = models.IntegerField()
    root = models.BinaryField()
    previous = models.BinaryField()
    head = models.BinaryField()
    signature = models.BinaryField()
    sealed_at = models.DateTimeField()
    # What was made before this moment is sealed, but for what lay in a database transaction still open. Null while
    # the seal has not caught up with the record for the first time.
    sealed_through = models.DateTimeField(null=True)
    is_late = models.BooleanField(default=False, help_text="Sealed long after it was recorded, by command.")

    class Meta:
        ordering = ("-number",)
        verbose_name = "block of the seal"
        verbose_name_plural = "seal"
        constraints: ClassVar = [
            models.CheckConstraint(name="seal_block_counts_from_1", condition=Q(number__gte=1)),
            models.CheckConstraint(name="seal_block_has_leaves", condition=Q(leaves__gte=1)),
        ]

    def __str__(self) -> str:
        return f"block {self.number}"

    @property
    def facts(self) -> BlockFacts:
        return BlockFacts(
            self.number, self.leaves, bytes(self.root), bytes(self.previous), self.sealed_at, self.is_late
        )


class SealLeaf(models.Model):
    """One row of the record in a block: which, and the hash of what it said."""

    insert_only = True

    pk = models.CompositePrimaryKey("block_id", "position")
    block = models.ForeignKey(SealBlock, on_delete=models.PROTECT, related_name="+", db_index=False)
    position = models.IntegerField()
    kind = models.CharField(max_length=20)
    row_id = models.UUIDField()
    digest = models.BinaryField()

    class Meta:
        constraints: ClassVar = [
            # Also read by: what is not sealed yet, and the proof of one row.
            models.UniqueConstraint(fields=("row_id", "kind"), name="seal_leaf_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.row_id}"
