-- What changed messages said: as they were written, and after each change.
CREATE TABLE message_versions (
    message_id UUID NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    -- As it was written; a change may bear the same time.
    original BOOLEAN NOT NULL,
    at BIGINT NOT NULL,
    workspace_id UUID NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (message_id, original, at)
);
