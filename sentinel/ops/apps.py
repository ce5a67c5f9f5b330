from django.apps import AppConfig


class OpsConfig(AppConfig):
    name = "sentinel.ops"
    label = "ops"

    def ready(self) -> None:
        from sentinel.ops.connections import count_connections
        from sentinel.ops.examinations import register_own_examinations
        from sentinel.ops.probes import register_own_probes
        from sentinel.ops.request_log import requests_log
        from sentinel.ops.request_meter import count_requests, meter

        register_own_probes()
        register_own_examinations()
        meter.listen(count_requests)
        meter.listen(requests_log)
        meter.each_second(count_connections)
