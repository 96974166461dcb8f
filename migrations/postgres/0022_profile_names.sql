-- What contacts call themselves is told in any order. Its twin is ../sqlite/0022_profile_names.sql.

-- As of when the contact calls itself so; 0 if it has told no name.
ALTER TABLE contacts ADD COLUMN profile_named_at BIGINT NOT NULL DEFAULT 0;
UPDATE contacts SET profile_named_at = last_seen_at WHERE profile_name IS NOT NULL;
