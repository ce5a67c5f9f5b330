"""What decisions are counted by. Texts are empty where a payment did not tell them, so that every fact has its row.

Accounts, rules and models are shown as they are now; merchants as they were told, one row for each way of telling.
"""

from typing import ClassVar

from django.db import models


class DateDimension(models.Model):
    """A day, UTC."""

    day = models.DateField(primary_key=True)
    year = models.SmallIntegerField()
    quarter = models.SmallIntegerField()
    month = models.SmallIntegerField()
    iso_week = models.SmallIntegerField()
    weekday = models.SmallIntegerField(help_text="1 is Monday.")
    is_weekend = models.BooleanField()

    def __str__(self) -> str:
        return f"{self.day}"


class HourDimension(models.Model):
    """An hour of the day, UTC."""

    hour = models.SmallIntegerField(primary_key=True)
    part = models.CharField(max_length=10, help_text="Night, morning, afternoon or evening: six hours each.")

    def __str__(self) -> str:
        return f"{self.hour}:00"


class AccountDimension(models.Model):
    """No name: what is counted is not who it is."""

    id = models.CharField(primary_key=True, max_length=64)
    home_country = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    risk = models.CharField(max_length=10)
    version = models.PositiveIntegerField(help_text="Of the ledger's account; another one has been edited since.")

    def __str__(self) -> str:
        return self.id


class MerchantDimension(models.Model):
    """A merchant as payments told it. All empty: a payment without one."""

    merchant = models.CharField(max_length=100, blank=True, help_text="Its id.")
    name = models.CharField(max_length=200, blank=True)
    category = models.CharField(max_length=4, blank=True)
    country = models.CharField(max_length=2, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("merchant", "name", "category", "country"), name="merchant_told_once"),
        ]

    def __str__(self) -> str:
        return self.name or self.merchant


class OutcomeDimension(models.Model):
    """What was decided and what became of it: "review.declined". Eight of them, which never change."""

    code = models.CharField(primary_key=True, max_length=20)
    outcome = models.CharField(max_length=10)
    status = models.CharField(max_length=10)
    declined_for = models.CharField(max_length=10, blank=True, help_text="Of a decline: risk or account.")
    words = models.CharField(max_length=60)

    class Meta:
        ordering = ("code",)

    def __str__(self) -> str:
        return self.words


class RuleDimension(models.Model):
    """A version of a rule."""

    version = models.IntegerField(primary_key=True, help_text="The id that decisions carry.")
    rule = models.IntegerField()
    code = models.CharField(max_length=100)
    name = models.CharField(max_length=200)
    number = models.IntegerField()
    action = models.CharField(max_length=10)

    def __str__(self) -> str:
        return f"{self.code} {self.number}"


class ModelDimension(models.Model):
    """A version of a model. The empty one: decided without a model."""

    version = models.CharField(primary_key=True, max_length=60)
    kind = models.CharField(max_length=40, blank=True)

    def __str__(self) -> str:
        return self.version
