-- What people must be told about accounts. Its twin is ../sqlite/0004_alerts.sql.

CREATE TABLE alerts (
    id UUID NOT NULL PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,
    raised_at BIGINT NOT NULL,
    acknowledged_at BIGINT,
    -- The name of who did.
    acknowledged_by TEXT,
    closed_at BIGINT,
    version BIGINT NOT NULL
);
-- Nobody is told the same thing twice.
CREATE UNIQUE INDEX alerts_open ON alerts (account_id, kind) WHERE closed_at IS NULL;
CREATE INDEX alerts_account ON alerts (account_id);
CREATE INDEX alerts_workspace ON alerts (workspace_id, raised_at DESC, id DESC);
CREATE INDEX alerts_closed ON alerts (closed_at) WHERE closed_at IS NOT NULL;

-- Since when it is disconnected or in error, without a break.
ALTER TABLE accounts ADD COLUMN lost_since BIGINT;

-- Signs what is told to the workspace's webhook; encrypted.
ALTER TABLE workspaces ADD COLUMN alert_secret BYTEA;
