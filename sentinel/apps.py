from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class SentinelAdminConfig(AdminConfig):
    default_site = "dashboard.site.SentinelAdminSite"


class SentinelConfig(AppConfig):
    name = "sentinel"
    verbose_name = "SentinelStream"

    def ready(self) -> None:
        # Bound here and not in sentinel/__init__.py, so that sentinel.core stays free of frameworks.
        from sentinel import celery, checks  # noqa: F401
