"""People who are logged in."""

from uuid import uuid4

from django.contrib.auth.models import Permission, User
from django.test import Client

WORKS = ("ledger.view_case", "ledger.work_case")
MANAGES = (*WORKS, "ledger.manage_case")


class Person:
    """Somebody with exactly these permissions, named "app.codename", and their browser."""

    def __init__(self, name: str, *permissions: str) -> None:
        self.user = User.objects.create_user(name or f"person_{uuid4().hex[:8]}", is_staff=True)
        for each in permissions:
            app_label, codename = each.split(".")
            found = Permission.objects.get(content_type__app_label=app_label, codename=codename)
            self.user.user_permissions.add(found)
        self.browser = Client()
        self.browser.force_login(self.user)

    def get(self, url: str, **parameters):
        return self.browser.get(url, parameters)

    def post(self, url: str, **sent):
        return self.browser.post(url, sent)

    def told(self) -> str:
        """The messages that the next page shows."""
        page = self.browser.get("/admin/sessions/")
        return " ".join(str(message) for message in page.context["messages"])
