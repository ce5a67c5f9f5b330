"""Admin sessions live in Redis backed by the database: an emptied cache logs nobody out."""

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

pytestmark = pytest.mark.django_db


def test_an_emptied_cache_logs_nobody_out():
    browser = Client()
    browser.force_login(User.objects.create_superuser("ada"))
    assert browser.get("/admin/").status_code == 200
    stored = f"django.contrib.sessions.cached_db{browser.session.session_key}"
    assert cache.get(stored) is not None

    cache.delete(stored)

    assert browser.get("/admin/").status_code == 200
