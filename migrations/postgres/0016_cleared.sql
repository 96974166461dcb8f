-- What was taken away for good. Its twin is ../sqlite/0016_cleared.sql.

-- What was written until then does not come back, whoever remembers it.
ALTER TABLE conversations ADD COLUMN cleared_until BIGINT;

-- The same of people who were erased. Addresses are not kept, only what a secret of the workspace makes of them.
CREATE TABLE erased (
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, digest)
);
