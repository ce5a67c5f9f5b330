from typing import ClassVar

from django.conf import settings
from django.db import models


class PersonSession(models.Model):
    """A log-in of a person, as long as its session lasts. Django keeps the session, and knows nobody's name."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sessions")
    session_key = models.CharField(max_length=40, unique=True)
    begun_at = models.DateTimeField()
    address = models.GenericIPAddressField(null=True)
    browser = models.CharField(max_length=60, help_text="In words, as far as it tells.")

    class Meta:
        ordering = ("-begun_at",)
        verbose_name = "session"

    def __str__(self) -> str:
        return f"session of {self.user}"


class FirstPassword(models.Model):
    """A person's password is one that somebody else gave them. Gone as soon as they have chosen their own."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="first_password"
    )
    ends_at = models.DateTimeField(help_text="It lets nobody in from then on.")

    class Meta:
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return f"first password of {self.user}"
