from django.apps import AppConfig
from django.db.models.signals import post_migrate


class LedgerConfig(AppConfig):
    name = "ledger"

    def ready(self) -> None:
        from ledger.examinations import register_own_examinations
        from ledger.services.grants import grant_runtime_rights

        post_migrate.connect(grant_runtime_rights, sender=self)
        register_own_examinations()
