from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "dashboard"

    def ready(self) -> None:
        from dashboard.examinations import register_own_examinations
        from dashboard.services.verdict_extras import verdict_extras_register
        from ledger.services.partitions import FOLLOWING

        verdict_extras_register()
        FOLLOWING.extend(("dashboard_decisionfact", "dashboard_rulefact", "dashboard_sharedvalue"))
        register_own_examinations()
