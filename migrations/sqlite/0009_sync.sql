-- What was said on a phone before its number was connected, and what was missed later. Its twin is
-- ../postgres/0009_sync.sql.

-- How far the history is; NULL before it was asked for.
ALTER TABLE accounts ADD COLUMN sync_state TEXT;
ALTER TABLE accounts ADD COLUMN sync_done INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN sync_total INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN sync_messages INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN sync_error TEXT;
ALTER TABLE accounts ADD COLUMN sync_started_at INTEGER;
ALTER TABLE accounts ADD COLUMN sync_finished_at INTEGER;
-- It looks by itself whether there is more.
ALTER TABLE accounts ADD COLUMN sync_quiet INTEGER NOT NULL DEFAULT 0;
-- How often it was gone through since somebody asked for it.
ALTER TABLE accounts ADD COLUMN sync_passes INTEGER NOT NULL DEFAULT 0;
-- Where the list of chats goes on; NULL when all that are meant are in sync_chats.
ALTER TABLE accounts ADD COLUMN sync_offset INTEGER;

-- The chats whose history is on its way.
CREATE TABLE sync_chats (
    account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    workspace_id BLOB NOT NULL,
    -- The one with the newest message is the first.
    place INTEGER NOT NULL,
    name TEXT,
    tries INTEGER NOT NULL,
    done INTEGER NOT NULL,
    PRIMARY KEY (account_id, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX sync_chats_waiting ON sync_chats (account_id, tries, place) WHERE NOT done;

-- Messages that had been missed and were fetched later.
CREATE TABLE gaps (
    account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    filled_at INTEGER NOT NULL,
    conversation_id BLOB NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    workspace_id BLOB NOT NULL,
    -- The newest message that was known before.
    after_at INTEGER,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    PRIMARY KEY (account_id, filled_at, conversation_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX gaps_conversation ON gaps (conversation_id);
CREATE INDEX gaps_age ON gaps (filled_at);
