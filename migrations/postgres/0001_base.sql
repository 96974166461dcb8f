-- The first tables. Its twin is ../sqlite/0001_base.sql: a test compares the two.
-- Ids are UUIDs (16 bytes), times are microseconds since 1970 in UTC, JSON is kept as the text it was written as.

CREATE TABLE workspaces (
    id UUID NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    settings TEXT NOT NULL,
    -- Position of the last event. Whoever changes what screens see holds this row.
    seq BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE members (
    id UUID NOT NULL PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    -- The address in lower case: one sign-in per address on this server.
    email_key TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    password_hash TEXT,
    active BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX members_workspace ON members (workspace_id);

CREATE TABLE sessions (
    id UUID NOT NULL PRIMARY KEY,
    token_hash BYTEA NOT NULL UNIQUE,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    member_id UUID NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    user_agent TEXT,
    ip TEXT
);
CREATE INDEX sessions_workspace ON sessions (workspace_id);
CREATE INDEX sessions_member ON sessions (member_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE api_tokens (
    id UUID NOT NULL PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    token_hash BYTEA NOT NULL UNIQUE,
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX api_tokens_workspace ON api_tokens (workspace_id);

CREATE TABLE data_keys (
    id UUID NOT NULL PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    wrapped BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX data_keys_workspace ON data_keys (workspace_id, created_at);

CREATE TABLE accounts (
    id UUID NOT NULL PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    provider TEXT NOT NULL,
    external_id TEXT NOT NULL,
    phone TEXT,
    config TEXT NOT NULL,
    -- Encrypted by the engine.
    secrets BYTEA NOT NULL,
    status TEXT NOT NULL,
    status_detail TEXT,
    last_delivery_at BIGINT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (provider, external_id)
);
CREATE INDEX accounts_workspace ON accounts (workspace_id);

CREATE TABLE contacts (
    id UUID NOT NULL PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    -- As saved by the team; stands above what the contact calls itself.
    name TEXT,
    profile_name TEXT,
    username TEXT,
    -- What is shown: derived from the three above and the identities.
    display TEXT NOT NULL,
    -- The shown name in lower case: what lists are ordered by and searches look at.
    display_key TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL
);
CREATE INDEX contacts_list ON contacts (workspace_id, display_key, id);

CREATE TABLE contact_identities (
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    -- Empty for what is unique in all of WhatsApp; for business-scoped ids the business.
    scope TEXT NOT NULL,
    value TEXT NOT NULL,
    contact_id UUID NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    PRIMARY KEY (workspace_id, kind, value, scope)
);
CREATE INDEX contact_identities_contact ON contact_identities (contact_id);

CREATE TABLE conversations (
    id UUID NOT NULL PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    contact_id UUID REFERENCES contacts (id) ON DELETE SET NULL,
    address TEXT NOT NULL,
    title TEXT NOT NULL,
    title_key TEXT NOT NULL,
    -- The newest message, repeated here so that a list is one range of one index.
    last_message_id UUID,
    last_kind TEXT,
    last_text TEXT,
    last_direction TEXT,
    last_status TEXT,
    last_at BIGINT,
    unread INTEGER NOT NULL,
    last_inbound_at BIGINT,
    sort_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (account_id, address)
);
CREATE INDEX conversations_list ON conversations (workspace_id, sort_at DESC, id DESC);
CREATE INDEX conversations_account ON conversations (workspace_id, account_id, sort_at DESC, id DESC);
CREATE INDEX conversations_unread ON conversations (workspace_id, sort_at DESC, id DESC) WHERE unread > 0;
CREATE INDEX conversations_unread_account ON conversations (workspace_id, account_id, sort_at DESC, id DESC)
    WHERE unread > 0;
CREATE INDEX conversations_contact ON conversations (contact_id);

CREATE TABLE messages (
    id UUID NOT NULL PRIMARY KEY,
    workspace_id UUID NOT NULL,
    account_id UUID NOT NULL,
    conversation_id UUID NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    provider_id TEXT,
    direction TEXT NOT NULL,
    source TEXT NOT NULL,
    author_kind TEXT NOT NULL,
    author_contact_id UUID,
    author_member_id UUID,
    author_name TEXT NOT NULL,
    content TEXT NOT NULL,
    -- The words of it in lower case.
    search_text TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    status TEXT NOT NULL,
    status_at BIGINT NOT NULL,
    failure TEXT,
    quote_message_id UUID,
    quote_provider_id TEXT,
    at BIGINT NOT NULL,
    edited_at BIGINT,
    revoked_at BIGINT,
    -- Whether anyone ever reacted: spares a look at the reactions.
    reacted BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (conversation_id, provider_id)
);
CREATE INDEX messages_thread ON messages (conversation_id, at DESC, id DESC);
CREATE INDEX messages_provider ON messages (account_id, provider_id);

CREATE TABLE reactions (
    message_id UUID NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    author_key TEXT NOT NULL,
    workspace_id UUID NOT NULL,
    author TEXT NOT NULL,
    from_us BOOLEAN NOT NULL,
    -- NULL: taken back. The row stays so that an older report cannot bring it back.
    emoji TEXT,
    at BIGINT NOT NULL,
    PRIMARY KEY (message_id, author_key)
);

CREATE TABLE pending_ops (
    id BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    target TEXT NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    received_at BIGINT NOT NULL
);
CREATE INDEX pending_ops_target ON pending_ops (account_id, target);
CREATE INDEX pending_ops_age ON pending_ops (received_at);
CREATE INDEX pending_ops_workspace ON pending_ops (workspace_id);

CREATE TABLE webhook_journal (
    id BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- No reference: a body is kept even if its account is unknown or gone.
    account_id UUID,
    received_at BIGINT NOT NULL,
    body BYTEA NOT NULL,
    -- 0 waits, 1 done, 2 failed.
    state SMALLINT NOT NULL,
    error TEXT
);
CREATE INDEX webhook_journal_waiting ON webhook_journal (id) WHERE state = 0;
CREATE INDEX webhook_journal_age ON webhook_journal (received_at);

CREATE TABLE jobs (
    -- Order of enqueueing.
    seq BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id UUID NOT NULL UNIQUE,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    priority SMALLINT NOT NULL,
    queue_key TEXT,
    run_at BIGINT NOT NULL,
    idempotency_key TEXT,
    attempts INTEGER NOT NULL,
    last_error TEXT,
    leased_until BIGINT,
    -- A dead letter: kept for admins, never run.
    dead BOOLEAN NOT NULL,
    UNIQUE (workspace_id, idempotency_key)
);
CREATE INDEX jobs_lane ON jobs (priority, run_at, seq) WHERE NOT dead;
CREATE INDEX jobs_time ON jobs (run_at) WHERE NOT dead AND leased_until IS NULL;
CREATE INDEX jobs_lease ON jobs (leased_until) WHERE NOT dead AND leased_until IS NOT NULL;
CREATE INDEX jobs_queue ON jobs (workspace_id, queue_key, seq) WHERE NOT dead AND queue_key IS NOT NULL;

CREATE TABLE events (
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    PRIMARY KEY (workspace_id, seq)
);

CREATE TABLE security_log (
    id BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id UUID REFERENCES workspaces (id) ON DELETE CASCADE,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    ip TEXT,
    detail TEXT NOT NULL
);
CREATE INDEX security_log_workspace ON security_log (workspace_id, at DESC, id DESC);
