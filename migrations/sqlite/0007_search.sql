-- Finding words in messages. Its twin is ../postgres/0007_search.sql.

-- Full-text search names rows by number, and only an INTEGER PRIMARY KEY keeps its numbers for good. So the table is
-- made anew, and with it the one that refers to it.
CREATE TABLE messages_new (
    -- The second in which it was written, and its place in that second: what the index of words is ordered by, so
    -- that the newest are found first.
    n INTEGER NOT NULL PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    workspace_id BLOB NOT NULL,
    account_id BLOB NOT NULL,
    conversation_id BLOB NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    provider_id TEXT,
    direction TEXT NOT NULL,
    source TEXT NOT NULL,
    author_kind TEXT NOT NULL,
    author_contact_id BLOB,
    author_member_id BLOB,
    author_name TEXT NOT NULL,
    content TEXT NOT NULL,
    -- Its words, folded for searching.
    search_text TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    status TEXT NOT NULL,
    status_at INTEGER NOT NULL,
    failure TEXT,
    quote_message_id BLOB,
    quote_provider_id TEXT,
    at INTEGER NOT NULL,
    edited_at INTEGER,
    revoked_at INTEGER,
    -- Whether anyone ever reacted: spares a look at the reactions.
    reacted INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    held_reason TEXT,
    held_until INTEGER,
    sent_with BLOB,
    UNIQUE (conversation_id, provider_id)
) STRICT;
INSERT INTO messages_new (n, id, workspace_id, account_id, conversation_id, provider_id, direction, source, author_kind,
    author_contact_id, author_member_id, author_name, content, search_text, attempt, status, status_at,
    failure, quote_message_id, quote_provider_id, at, edited_at, revoked_at, reacted, version,
    created_at, held_reason, held_until, sent_with)
SELECT at / 1000000 * 536870912 + ROW_NUMBER() OVER (PARTITION BY at / 1000000 ORDER BY at, id) - 1,
    id, workspace_id, account_id, conversation_id, provider_id, direction, source, author_kind,
    author_contact_id, author_member_id, author_name, content, search_text, attempt, status, status_at,
    failure, quote_message_id, quote_provider_id, at, edited_at, revoked_at, reacted, version,
    created_at, held_reason, held_until, sent_with
FROM messages;

CREATE TABLE reactions_new (
    message_id BLOB NOT NULL REFERENCES messages_new (id) ON DELETE CASCADE,
    author_key TEXT NOT NULL,
    workspace_id BLOB NOT NULL,
    author TEXT NOT NULL,
    from_us INTEGER NOT NULL,
    -- NULL: taken back. The row stays so that an older report cannot bring it back.
    emoji TEXT,
    at INTEGER NOT NULL,
    PRIMARY KEY (message_id, author_key)
) STRICT, WITHOUT ROWID;
INSERT INTO reactions_new SELECT * FROM reactions;
DROP TABLE reactions;
DROP TABLE messages;
ALTER TABLE messages_new RENAME TO messages;
ALTER TABLE reactions_new RENAME TO reactions;

CREATE INDEX messages_thread ON messages (conversation_id, at DESC, id DESC);
CREATE INDEX messages_provider ON messages (account_id, provider_id);
CREATE INDEX messages_sent_with ON messages (sent_with, provider_id) WHERE sent_with IS NOT NULL;

-- The words of each message, and of which workspace and account it is. Keeps nothing but the index. What is a word
-- and how it is folded was decided before (search_text); here it only has to be split at its spaces. Beginnings of up
-- to six letters have entries of their own: while one types they stand in very many messages.
CREATE VIRTUAL TABLE message_words USING fts5 (
    scope, words, content = '', contentless_delete = 1, detail = 'column', prefix = '3 4 5 6', tokenize = 'ascii'
);
INSERT INTO message_words (rowid, scope, words)
SELECT n, hex(workspace_id) || ' ' || hex(account_id), search_text FROM messages WHERE search_text <> '' ORDER BY n;

CREATE TRIGGER messages_words_new AFTER INSERT ON messages WHEN new.search_text <> '' BEGIN
    INSERT INTO message_words (rowid, scope, words)
    VALUES (new.n, hex(new.workspace_id) || ' ' || hex(new.account_id), new.search_text);
END;
CREATE TRIGGER messages_words_changed AFTER UPDATE OF search_text ON messages
WHEN new.search_text <> old.search_text BEGIN
    DELETE FROM message_words WHERE rowid = old.n;
    INSERT INTO message_words (rowid, scope, words)
    SELECT new.n, hex(new.workspace_id) || ' ' || hex(new.account_id), new.search_text WHERE new.search_text <> '';
END;
CREATE TRIGGER messages_words_gone AFTER DELETE ON messages WHEN old.search_text <> '' BEGIN
    DELETE FROM message_words WHERE rowid = old.n;
END;
