-- What people and groups show of themselves. Its twin is ../sqlite/0027_pictures.sql.

-- In which storage the picture lies, and under which name there; NULL if there is none, or it is hidden.
ALTER TABLE conversations ADD COLUMN picture_storage TEXT;
ALTER TABLE conversations ADD COLUMN picture_key TEXT;
-- Goes up with each other picture, so that browsers may keep what they have; NULL while nobody has ever asked.
ALTER TABLE conversations ADD COLUMN picture_rev INTEGER;
-- When it is asked for: 0 as soon as possible, NULL never, because the provider tells of no pictures.
ALTER TABLE conversations ADD COLUMN picture_due_at BIGINT;
UPDATE conversations SET picture_due_at = 0
    WHERE account_id IN (SELECT id FROM accounts WHERE provider <> 'cloud');

CREATE INDEX conversations_pictures_due ON conversations (workspace_id, account_id, picture_due_at)
    WHERE picture_due_at IS NOT NULL;
-- Whether something in a storage is still somebody's picture.
CREATE INDEX conversations_pictures ON conversations (workspace_id, picture_key) WHERE picture_key IS NOT NULL;
