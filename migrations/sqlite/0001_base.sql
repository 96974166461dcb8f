-- The first tables. Its twin is ../postgres/0001_base.sql: a test compares the two.
-- Ids are UUIDs (16 bytes), times are microseconds since 1970 in UTC, JSON is kept as the text it was written as.

CREATE TABLE workspaces (
    id BLOB NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    settings TEXT NOT NULL,
    -- Position of the last event. Whoever changes what screens see holds this row.
    seq INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE members (
    id BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    -- The address in lower case: one sign-in per address on this server.
    email_key TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    password_hash TEXT,
    active INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX members_workspace ON members (workspace_id);

CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY,
    token_hash BLOB NOT NULL UNIQUE,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    member_id BLOB NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    user_agent TEXT,
    ip TEXT
) STRICT;
CREATE INDEX sessions_workspace ON sessions (workspace_id);
CREATE INDEX sessions_member ON sessions (member_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE api_tokens (
    id BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    token_hash BLOB NOT NULL UNIQUE,
    role TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
CREATE INDEX api_tokens_workspace ON api_tokens (workspace_id);

CREATE TABLE data_keys (
    id BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    wrapped BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX data_keys_workspace ON data_keys (workspace_id, created_at);

CREATE TABLE accounts (
    id BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    provider TEXT NOT NULL,
    external_id TEXT NOT NULL,
    phone TEXT,
    config TEXT NOT NULL,
    -- Encrypted by the engine.
    secrets BLOB NOT NULL,
    status TEXT NOT NULL,
    status_detail TEXT,
    last_delivery_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (provider, external_id)
) STRICT;
CREATE INDEX accounts_workspace ON accounts (workspace_id);

CREATE TABLE contacts (
    id BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    -- As saved by the team; stands above what the contact calls itself.
    name TEXT,
    profile_name TEXT,
    username TEXT,
    -- What is shown: derived from the three above and the identities.
    display TEXT NOT NULL,
    -- The shown name in lower case: what lists are ordered by and searches look at.
    display_key TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL
) STRICT;
CREATE INDEX contacts_list ON contacts (workspace_id, display_key, id);

CREATE TABLE contact_identities (
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    -- Empty for what is unique in all of WhatsApp; for business-scoped ids the business.
    scope TEXT NOT NULL,
    value TEXT NOT NULL,
    contact_id BLOB NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    PRIMARY KEY (workspace_id, kind, value, scope)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_identities_contact ON contact_identities (contact_id);

CREATE TABLE conversations (
    id BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    contact_id BLOB REFERENCES contacts (id) ON DELETE SET NULL,
    address TEXT NOT NULL,
    title TEXT NOT NULL,
    title_key TEXT NOT NULL,
    -- The newest message, repeated here so that a list is one range of one index.
    last_message_id BLOB,
    last_kind TEXT,
    last_text TEXT,
    last_direction TEXT,
    last_status TEXT,
    last_at INTEGER,
    unread INTEGER NOT NULL,
    last_inbound_at INTEGER,
    sort_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (account_id, address)
) STRICT;
CREATE INDEX conversations_list ON conversations (workspace_id, sort_at DESC, id DESC);
CREATE INDEX conversations_account ON conversations (workspace_id, account_id, sort_at DESC, id DESC);
CREATE INDEX conversations_unread ON conversations (workspace_id, sort_at DESC, id DESC) WHERE unread > 0;
CREATE INDEX conversations_unread_account ON conversations (workspace_id, account_id, sort_at DESC, id DESC)
    WHERE unread > 0;
CREATE INDEX conversations_contact ON conversations (contact_id);

CREATE TABLE messages (
    id BLOB NOT NULL PRIMARY KEY,
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
    -- The words of it in lower case.
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
    UNIQUE (conversation_id, provider_id)
) STRICT;
CREATE INDEX messages_thread ON messages (conversation_id, at DESC, id DESC);
CREATE INDEX messages_provider ON messages (account_id, provider_id);

CREATE TABLE reactions (
    message_id BLOB NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    author_key TEXT NOT NULL,
    workspace_id BLOB NOT NULL,
    author TEXT NOT NULL,
    from_us INTEGER NOT NULL,
    -- NULL: taken back. The row stays so that an older report cannot bring it back.
    emoji TEXT,
    at INTEGER NOT NULL,
    PRIMARY KEY (message_id, author_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE pending_ops (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    target TEXT NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    received_at INTEGER NOT NULL
) STRICT;
CREATE INDEX pending_ops_target ON pending_ops (account_id, target);
CREATE INDEX pending_ops_age ON pending_ops (received_at);
CREATE INDEX pending_ops_workspace ON pending_ops (workspace_id);

CREATE TABLE webhook_journal (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    -- No reference: a body is kept even if its account is unknown or gone.
    account_id BLOB,
    received_at INTEGER NOT NULL,
    body BLOB NOT NULL,
    -- 0 waits, 1 done, 2 failed.
    state INTEGER NOT NULL,
    error TEXT
) STRICT;
CREATE INDEX webhook_journal_waiting ON webhook_journal (id) WHERE state = 0;
CREATE INDEX webhook_journal_age ON webhook_journal (received_at);

CREATE TABLE jobs (
    -- Order of enqueueing.
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    priority INTEGER NOT NULL,
    queue_key TEXT,
    run_at INTEGER NOT NULL,
    idempotency_key TEXT,
    attempts INTEGER NOT NULL,
    last_error TEXT,
    leased_until INTEGER,
    -- A dead letter: kept for admins, never run.
    dead INTEGER NOT NULL,
    UNIQUE (workspace_id, idempotency_key)
) STRICT;
CREATE INDEX jobs_lane ON jobs (priority, run_at, seq) WHERE NOT dead;
CREATE INDEX jobs_time ON jobs (run_at) WHERE NOT dead AND leased_until IS NULL;
CREATE INDEX jobs_lease ON jobs (leased_until) WHERE NOT dead AND leased_until IS NOT NULL;
CREATE INDEX jobs_queue ON jobs (workspace_id, queue_key, seq) WHERE NOT dead AND queue_key IS NOT NULL;

CREATE TABLE events (
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    PRIMARY KEY (workspace_id, seq)
) STRICT;

CREATE TABLE security_log (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    workspace_id BLOB REFERENCES workspaces (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    ip TEXT,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX security_log_workspace ON security_log (workspace_id, at DESC, id DESC);
