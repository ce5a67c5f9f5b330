"""What the analysts published, for the seal of the record."""

from ledger.services.seal.kinds import counted, register_sealed

_MEMBERS = """(SELECT json_agg(json_build_array(m.rule_id, m.version_id, m.stage, m.share_percent, m.expires_at)
    ORDER BY m.id) FROM rules_rulesetmember m WHERE m.ruleset_id = r.id)"""


def register_own_publications() -> None:
    register_sealed(
        counted(
            "rule_version",
            "rules_ruleversion",
            "id rule_id number expression action reason_code reason_words author created_at",
            made="created_at",
        ),
        counted(
            "ruleset",
            "rules_rulesetversion",
            "id number published_by published_at note restores",
            made="published_at",
            parts=(_MEMBERS,),
        ),
    )
