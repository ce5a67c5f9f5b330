from django.contrib.auth.models import User
from django.core.exceptions import ValidationError


class AnotherThanBefore:
    """A password is not changed into itself: one that somebody else gave could stay for good."""

    def validate(self, password: str, user: User | None = None) -> None:
        if user is not None and user.check_password(password):
            raise ValidationError("This is the password you have. Choose another one.", code="password_unchanged")

    def get_help_text(self) -> str:
        return "Your password must be another one than before."
