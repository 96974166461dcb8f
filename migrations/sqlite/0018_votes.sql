-- Besides an emoji one can put one's choice on a message that is a poll. Each person has one of each kind.
CREATE TABLE reactions_new (
    message_id BLOB NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    -- 'emoji' or 'vote'
    kind TEXT NOT NULL,
    author_key TEXT NOT NULL,
    workspace_id BLOB NOT NULL,
    author TEXT NOT NULL,
    from_us INTEGER NOT NULL,
    -- The emoji, or the chosen answers as a JSON list. NULL: taken back. The row stays so that an older report cannot
    -- bring it back.
    said TEXT,
    at INTEGER NOT NULL,
    PRIMARY KEY (message_id, kind, author_key)
) STRICT, WITHOUT ROWID;
INSERT INTO reactions_new (message_id, kind, author_key, workspace_id, author, from_us, said, at)
SELECT message_id, 'emoji', author_key, workspace_id, author, from_us, emoji, at FROM reactions;
DROP TABLE reactions;
ALTER TABLE reactions_new RENAME TO reactions;
CREATE INDEX reactions_author ON reactions (author_key) WHERE NOT from_us;
