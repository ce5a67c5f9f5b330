"""Accounts and who may use them.

An account never changes its id, kind, currency or livemode, and is never removed: a trigger refuses it. Transactions
and postings are checked against them as they are written.
Customer accounts have one balance row, which is locked to record a payment; system accounts (the bank's own side of
each posting) are sums of postings and have none, so that no row is hot.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from ledger.domain.payments import AccountStatus
from sentinel.core.catalogue import ACCOUNT_RISKS


class Account(models.Model):
    class Kind(models.TextChoices):
        CUSTOMER = "customer"
        SYSTEM = "system"

    id = models.CharField(primary_key=True, max_length=64)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.CUSTOMER, editable=False)
    currency = models.CharField(max_length=3)
    livemode = models.BooleanField(default=True)
    name = models.CharField(max_length=100, blank=True)
    home_country = models.CharField(max_length=2, help_text="ISO 3166-1, two letters.")
    home_zone = models.CharField(max_length=50, default="UTC", help_text="A time zone such as Asia/Kolkata.")
    status = models.CharField(
        max_length=10, choices=[(status.value, status.value) for status in AccountStatus], default="active"
    )
    risk = models.CharField(max_length=10, choices=[(risk, risk) for risk in ACCOUNT_RISKS], default="normal")
    daily_limit_minor = models.BigIntegerField(
        null=True, blank=True, help_text="Largest sum paid out in one day at home, in minor units. Empty: no limit."
    )
    opened_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        ordering = ("id",)
        permissions: ClassVar = [("freeze_account", "Can freeze, thaw and close accounts")]
        constraints: ClassVar = [
            models.CheckConstraint(name="account_currency_shape", condition=Q(currency__regex=r"^[A-Z]{3}$")),
            models.CheckConstraint(name="account_country_shape", condition=Q(home_country__regex=r"^[A-Z]{2}$")),
            models.CheckConstraint(
                name="account_status_known", condition=Q(status__in=[status.value for status in AccountStatus])
            ),
            models.CheckConstraint(name="account_risk_known", condition=Q(risk__in=ACCOUNT_RISKS)),
            models.CheckConstraint(
                name="account_daily_limit_positive",
                condition=Q(daily_limit_minor__isnull=True) | Q(daily_limit_minor__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return self.id


class AccountBalance(models.Model):
    """The money of a customer account, in minor units: available = posted - held, never below the floor.

    `seq` numbers the account's payments without gaps. `day` is the latest home-zone day with a payment and
    `day_spent_minor` what was approved or held on it, for the daily limit.
    """

    account = models.OneToOneField(Account, primary_key=True, on_delete=models.PROTECT, related_name="balance")
    posted_minor = models.BigIntegerField(default=0)
    held_minor = models.BigIntegerField(default=0)
    floor_minor = models.BigIntegerField(default=0)
    seq = models.BigIntegerField(default=0)
    day = models.DateField(null=True)
    day_spent_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="balance_available_not_below_floor",
                condition=Q(posted_minor__gte=F("floor_minor") + F("held_minor")),
            ),
            models.CheckConstraint(name="balance_held_not_negative", condition=Q(held_minor__gte=0)),
        ]

    def __str__(self) -> str:
        return f"balance of {self.account_id}"

    @property
    def available_minor(self) -> int:
        return self.posted_minor - self.held_minor


class AccountGrant(models.Model):
    """A client may use an account. An account that is not granted looks to it like one that does not exist."""

    client = models.ForeignKey("api.GatewayClient", on_delete=models.CASCADE, related_name="account_grants")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="grants")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=("account", "client"), name="grant_once")]

    def __str__(self) -> str:
        return f"{self.account_id} to {self.client_id}"
