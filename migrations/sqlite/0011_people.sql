-- Several names of one person become one contact, and can part again. Its twin is ../postgres/0011_people.sql.

-- Further addresses of a conversation: what comes from there belongs to it.
CREATE TABLE conversation_addresses (
    account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    workspace_id BLOB NOT NULL,
    conversation_id BLOB NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    -- The conversation that this address had, or would have, by itself: what came from there goes along when they part.
    origin_id BLOB NOT NULL,
    PRIMARY KEY (account_id, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX conversation_addresses_conversation ON conversation_addresses (conversation_id);
CREATE INDEX conversation_addresses_origin ON conversation_addresses (origin_id);

-- The same of the conversation's own address; NULL: the conversation itself.
ALTER TABLE conversations ADD COLUMN origin_id BLOB;
CREATE INDEX conversations_origin ON conversations (origin_id) WHERE origin_id IS NOT NULL;
-- In which conversation it would stand if none had been merged; NULL: where it stands.
ALTER TABLE messages ADD COLUMN origin_id BLOB;

-- Since when the contact is known under it; 0: since before that was noted.
ALTER TABLE contact_identities ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;

-- Contacts that became one.
CREATE TABLE contact_merges (
    id BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    -- No references: either may be merged further, and one of them is gone.
    kept_id BLOB NOT NULL,
    gone_id BLOB NOT NULL,
    reason TEXT NOT NULL,
    -- The name of who did it; NULL: nobody, it followed from what a provider said.
    by_name TEXT,
    -- Names and identities of both as they were before.
    detail TEXT NOT NULL,
    at INTEGER NOT NULL,
    undone_at INTEGER
) STRICT;
CREATE INDEX contact_merges_list ON contact_merges (workspace_id, at DESC, id DESC);
CREATE INDEX contact_merges_kept ON contact_merges (kept_id);
CREATE INDEX contact_merges_gone ON contact_merges (gone_id);

-- Two contacts that may be one person, or that somebody said are two.
CREATE TABLE contact_pairs (
    first_id BLOB NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    second_id BLOB NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    reason TEXT NOT NULL,
    state TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (first_id, second_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_pairs_second ON contact_pairs (second_id);
CREATE INDEX contact_pairs_open ON contact_pairs (workspace_id, at DESC) WHERE state = 'open';

-- Reactions of a contact, to be found when it becomes another.
CREATE INDEX reactions_author ON reactions (author_key) WHERE NOT from_us;
