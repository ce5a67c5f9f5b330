"""What the runtime role cannot do to policies: a connection of its own, on what is committed."""

import json

import psycopg
import pytest

from sentinel.ops.connections import runtime_conninfo


def test_the_runtime_role_breaks_no_glass_for_a_milder_policy_either(committed):
    insert_version = """
        INSERT INTO scoring_policyversion (number, thresholds, note, author, created_at)
        VALUES (%s, %s, '', 'mallory', now())
    """
    insert_release = """
        INSERT INTO scoring_policyrelease (number, live_id, trial_stage, emergency_id, emergency_until, note,
            published_by, published_at)
        SELECT number + 1, live_id, '', %s, now() + interval '1 hour', 'a wave', 'mallory', now()
        FROM scoring_policyrelease ORDER BY number DESC LIMIT 1
    """
    with psycopg.connect(runtime_conninfo()) as runtime:
        for number, thresholds in ((900_001, {"degraded_review_above": {"CHF": "1.00"}}), (900_002, {})):
            runtime.execute(insert_version, [number, json.dumps(thresholds)])
        with pytest.raises(psycopg.IntegrityError, match="is milder"), runtime.transaction():
            runtime.execute(insert_release, [900_001])
        assert runtime.execute(insert_release, [900_002]).rowcount == 1
        runtime.rollback()
