from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "sentinel.api"
    verbose_name = "API access"
