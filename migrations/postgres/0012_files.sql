-- Files that come and go with messages. Its twin is ../sqlite/0012_files.sql.

-- What lies in a storage, once per workspace however often it is sent. Written before the bytes are, so that none are
-- forgotten; what no file names is taken away after a while.
CREATE TABLE blobs (
    workspace_id UUID NOT NULL,
    storage TEXT NOT NULL,
    -- Its name there: made of its contents by a secret of the workspace.
    key TEXT NOT NULL,
    size BIGINT NOT NULL,
    -- When it was last put there or handed out anew.
    used_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, storage, key)
);
CREATE INDEX blobs_age ON blobs (used_at);

-- The file of a message. There is none while it is still at WhatsApp and nobody has asked for it.
CREATE TABLE files (
    message_id UUID NOT NULL PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
    workspace_id UUID NOT NULL,
    state TEXT NOT NULL,
    storage TEXT,
    key TEXT,
    preview_key TEXT,
    mime TEXT,
    size BIGINT,
    width INTEGER,
    height INTEGER,
    duration INTEGER,
    -- One byte per bar.
    waveform BYTEA,
    problem TEXT
);
CREATE INDEX files_blob ON files (workspace_id, key) WHERE key IS NOT NULL;
CREATE INDEX files_preview ON files (workspace_id, preview_key) WHERE preview_key IS NOT NULL;

-- Files on their way here. Their bytes lie in a folder of the server until they are sent with a message.
CREATE TABLE uploads (
    id UUID NOT NULL PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    -- Who uploads: nobody else may go on with it, or send it.
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    size BIGINT NOT NULL,
    received BIGINT NOT NULL,
    touched_at BIGINT NOT NULL
);
CREATE INDEX uploads_age ON uploads (touched_at);
CREATE INDEX uploads_owner ON uploads (workspace_id, owner);
