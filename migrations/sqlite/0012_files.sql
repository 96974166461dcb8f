-- Files that come and go with messages. Its twin is ../postgres/0012_files.sql.

-- What lies in a storage, once per workspace however often it is sent. Written before the bytes are, so that none are
-- forgotten; what no file names is taken away after a while.
CREATE TABLE blobs (
    workspace_id BLOB NOT NULL,
    storage TEXT NOT NULL,
    -- Its name there: made of its contents by a secret of the workspace.
    key TEXT NOT NULL,
    size INTEGER NOT NULL,
    -- When it was last put there or handed out anew.
    used_at INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, storage, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX blobs_age ON blobs (used_at);

-- The file of a message. There is none while it is still at WhatsApp and nobody has asked for it.
CREATE TABLE files (
    message_id BLOB NOT NULL PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
    workspace_id BLOB NOT NULL,
    state TEXT NOT NULL,
    storage TEXT,
    key TEXT,
    preview_key TEXT,
    mime TEXT,
    size INTEGER,
    width INTEGER,
    height INTEGER,
    duration INTEGER,
    -- One byte per bar.
    waveform BLOB,
    problem TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX files_blob ON files (workspace_id, key) WHERE key IS NOT NULL;
CREATE INDEX files_preview ON files (workspace_id, preview_key) WHERE preview_key IS NOT NULL;

-- Files on their way here. Their bytes lie in a folder of the server until they are sent with a message.
CREATE TABLE uploads (
    id BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    -- Who uploads: nobody else may go on with it, or send it.
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    received INTEGER NOT NULL,
    touched_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX uploads_age ON uploads (touched_at);
CREATE INDEX uploads_owner ON uploads (workspace_id, owner);
