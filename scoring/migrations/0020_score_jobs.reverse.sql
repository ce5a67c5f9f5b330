DROP TRIGGER job_part_stays ON scoring_jobpart;
DROP FUNCTION scoring_job_part_stays;
