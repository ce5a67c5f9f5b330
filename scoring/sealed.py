"""Which policies and models were let decide, for the seal of the record."""

from ledger.services.seal.kinds import counted, register_sealed


def register_own_publications() -> None:
    register_sealed(
        counted(
            "policy",
            "scoring_policyversion",
            "number thresholds note author created_at",
            made="created_at",
            key="number",
        ),
        counted(
            "policy_release",
            "scoring_policyrelease",
            "number live_id trial_id trial_stage share_percent emergency_id emergency_until note published_by"
            " published_at restores",
            made="published_at",
            key="number",
        ),
        counted(
            "promotion",
            "scoring_modelpromotion",
            "id model_id replaced_id evaluation_id is_roll_back override_reason promoted_by promoted_at",
            made="promoted_at",
        ),
    )
