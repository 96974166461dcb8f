-- What contacts call themselves, and what was read, is told in any order. Its twin is ../sqlite/0022_any_order.sql.

-- As of when the contact calls itself so; 0 if it has told no name.
ALTER TABLE contacts ADD COLUMN profile_named_at BIGINT NOT NULL DEFAULT 0;
UPDATE contacts SET profile_named_at = last_seen_at WHERE profile_name IS NOT NULL;

-- Until when everything was read on the phone: what comes in late and is older is read, too. 0 if nothing was.
ALTER TABLE conversations ADD COLUMN read_until BIGINT NOT NULL DEFAULT 0;
