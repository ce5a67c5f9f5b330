-- Break-glass for a policy only tightens: what one person lets in is in no case milder than what decides without it.
-- The same question as scoring.domain.policy.is_tighter: it is tried on one payment of each kind that the bands of
-- either policy tell apart. Amounts of one currency compare as they are written, so no decimals are looked up.
CREATE FUNCTION scoring_policy_threshold(policy jsonb, threshold text, channel text, currency text, amount numeric)
RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce((
        SELECT band ->> threshold
        FROM jsonb_array_elements(coalesce(policy -> 'bands', '[]')) WITH ORDINALITY AS bands (band, place)
        WHERE (jsonb_array_length(coalesce(band -> 'channels', '[]')) = 0 OR band -> 'channels' ? channel)
            AND (band ->> 'currency' IS NULL OR band ->> 'currency' = currency)
            AND (band ->> 'amount_from' IS NULL OR amount >= (band ->> 'amount_from')::numeric)
            AND (band ->> 'amount_below' IS NULL OR amount < (band ->> 'amount_below')::numeric)
        ORDER BY place LIMIT 1
    ), policy ->> threshold)::numeric
$$;

CREATE FUNCTION scoring_policy_is_tighter(new jsonb, old jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    WITH band AS (
        SELECT jsonb_array_elements(coalesce(policy -> 'bands', '[]')) AS told
        FROM (VALUES (new), (old)) AS both_ (policy)
    ), channel AS (
        SELECT NULL AS name UNION SELECT jsonb_array_elements_text(coalesce(told -> 'channels', '[]')) FROM band
    ), currency AS (
        SELECT '' AS name UNION SELECT told ->> 'currency' FROM band WHERE told ->> 'currency' IS NOT NULL
    ), amount AS (
        SELECT name AS currency, 0 AS amount FROM currency
        UNION SELECT told ->> 'currency', (told ->> 'amount_from')::numeric FROM band WHERE told ->> 'amount_from' <> ''
        UNION SELECT told ->> 'currency', (told ->> 'amount_below')::numeric FROM band WHERE told ->> 'amount_below' <> ''
    ), threshold AS (
        SELECT scoring_policy_threshold(new, verb || '_' || score, channel.name, amount.currency, amount.amount) AS mine,
            scoring_policy_threshold(old, verb || '_' || score, channel.name, amount.currency, amount.amount) AS theirs
        FROM channel, amount, unnest(ARRAY['review', 'decline']) AS verb, unnest(ARRAY['percentile', 'probability']) AS score
    )
    SELECT NOT EXISTS (SELECT FROM threshold WHERE theirs IS NOT NULL AND (mine IS NULL OR mine > theirs))
        AND NOT EXISTS (
            SELECT FROM jsonb_each_text(coalesce(new -> 'degraded_review_above', '{}')) AS mine (currency, amount)
            WHERE (mine.amount::numeric <= (old -> 'degraded_review_above' ->> mine.currency)::numeric) IS NOT TRUE
        )
$$;

CREATE FUNCTION scoring_policy_only_tightens() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    new_policy jsonb := (SELECT thresholds FROM scoring_policyversion WHERE number = NEW.emergency_id);
    old_policy jsonb;
BEGIN
    FOR old_policy IN
        SELECT coalesce((SELECT thresholds FROM scoring_policyversion WHERE number = NEW.live_id), '{}')
        UNION ALL
        SELECT thresholds FROM scoring_policyversion WHERE number = NEW.trial_id AND NEW.trial_stage = 'canary'
    LOOP
        IF NOT scoring_policy_is_tighter(new_policy, old_policy) THEN
            RAISE EXCEPTION 'break-glass is refused: policy % is milder than what decides without it', NEW.emergency_id
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END LOOP;
    RETURN NEW;
END $$;
CREATE TRIGGER only_tightens BEFORE INSERT ON scoring_policyrelease
    FOR EACH ROW WHEN (NEW.emergency_id IS NOT NULL) EXECUTE FUNCTION scoring_policy_only_tightens();
