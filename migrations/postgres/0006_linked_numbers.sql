-- What must be remembered of numbers over a restart. Its twin is ../sqlite/0006_linked_numbers.sql.

-- New linked numbers begin with few messages a day.
ALTER TABLE accounts ADD COLUMN warm_up BOOLEAN NOT NULL DEFAULT FALSE;
-- Days before `sent_day` on which it sent.
ALTER TABLE accounts ADD COLUMN days_before INTEGER NOT NULL DEFAULT 0;
-- Messages in a row that could not be sent.
ALTER TABLE accounts ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
-- A phone was linked when it was last usable, and nobody has ended that here.
ALTER TABLE accounts ADD COLUMN linked BOOLEAN NOT NULL DEFAULT FALSE;
