-- What changed messages said: as they were written, and after each change.
CREATE TABLE message_versions (
    message_id BLOB NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    -- As it was written; a change may bear the same time.
    original INTEGER NOT NULL,
    at INTEGER NOT NULL,
    workspace_id BLOB NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (message_id, original, at)
) STRICT, WITHOUT ROWID;
