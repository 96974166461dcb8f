-- Jobs whose worker died. Its twin is ../sqlite/0014_interrupted_jobs.sql.

-- How often in a row nobody came back with a word about it: the process died with it, or it hung.
ALTER TABLE jobs ADD COLUMN interruptions INTEGER NOT NULL DEFAULT 0;
CREATE INDEX jobs_interrupted ON jobs (priority, run_at, seq) WHERE NOT dead AND interruptions > 0;
