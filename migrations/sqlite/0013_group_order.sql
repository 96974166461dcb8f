-- What is told of groups comes in any order. Its twin is ../postgres/0013_group_order.sql.

-- When the group got the name that it has; 0 if nobody has told.
ALTER TABLE group_info ADD COLUMN named_at INTEGER NOT NULL DEFAULT 0;
-- As of when a list of members had us in it. One in which we were not recognised says nothing of us.
ALTER TABLE group_info ADD COLUMN us_listed_at INTEGER;
UPDATE group_info SET us_listed_at = fetched_at WHERE us_role_at > 0;
