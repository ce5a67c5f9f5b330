from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "dashboard"

    def ready(self) -> None:
        from dashboard.examinations import register_own_examinations
        from dashboard.services.calls import calls_take, calls_tell
        from dashboard.services.kept_warnings import warnings_store
        from dashboard.services.verdict_extras import verdict_extras_register
        from ledger.services.partitions import FOLLOWING
        from sentinel.ops.kept_warnings import store_warnings_with
        from sentinel.ops.request_meter import meter

        verdict_extras_register()
        FOLLOWING.extend(("dashboard_decisionfact", "dashboard_rulefact", "dashboard_sharedvalue"))
        register_own_examinations()
        meter.listen(calls_take)
        meter.each_second(calls_tell)
        store_warnings_with(warnings_store)
