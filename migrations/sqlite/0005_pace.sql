-- How fast linked numbers send, kept across restarts. Its twin is ../postgres/0005_pace.sql.

-- When the next message would go if all of them went one after the other, never at once.
ALTER TABLE accounts ADD COLUMN pace_due INTEGER NOT NULL DEFAULT 0;
