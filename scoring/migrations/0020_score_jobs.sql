-- What a done part says is part of the results: it is never scored again, nor changed.
CREATE FUNCTION scoring_job_part_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'part % of job % is done and stays as it is', OLD.number, OLD.job_id
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'job_part_stays';
END $$;

CREATE TRIGGER job_part_stays BEFORE UPDATE ON scoring_jobpart
    FOR EACH ROW WHEN (OLD.is_done) EXECUTE FUNCTION scoring_job_part_stays();
