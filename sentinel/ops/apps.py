from django.apps import AppConfig


class OpsConfig(AppConfig):
    name = "sentinel.ops"
    label = "ops"

    def ready(self) -> None:
        from sentinel.ops.examinations import register_own_examinations
        from sentinel.ops.probes import register_own_probes

        register_own_probes()
        register_own_examinations()
