from binascii import unhexlify
from typing import ClassVar

from django_otp.plugins.otp_totp.models import TOTPDevice

from sentinel.ops.secret_box import SECOND_FACTORS, secret_decrypt


class AuthenticatorApp(TOTPDevice):  # type: ignore[misc]
    """A person's app that shows codes. Its key is encrypted in the column where django-otp keeps one in clear.

    The key is wanted as bytes and nowhere else, so this is all that has to be told of it.
    """

    class Meta:
        proxy = True
        default_permissions: ClassVar = ()

    @property
    def bin_key(self) -> bytes:
        """Errors: cryptography.fernet.InvalidToken when no key of this installation opens it."""
        return unhexlify(secret_decrypt(self.key.encode(), purpose=SECOND_FACTORS))
