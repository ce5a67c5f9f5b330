from django.apps import AppConfig


class ScoringConfig(AppConfig):
    name = "scoring"

    def ready(self) -> None:
        from ledger.services.label_listeners import label_listener_register
        from rules.simulation.filling import filler_register
        from scoring.examinations import register_own_examinations
        from scoring.sealed import register_own_publications
        from scoring.services import config_file
        from scoring.services.entity_rebuild import entity_label_tell
        from scoring.services.filling import fields_fill

        filler_register(fields_fill)
        label_listener_register(entity_label_tell)
        config_file.register()
        register_own_examinations()
        register_own_publications()
