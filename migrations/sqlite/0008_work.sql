-- What a team makes of conversations. Its twin is ../postgres/0008_work.sql.

ALTER TABLE conversations ADD COLUMN state TEXT NOT NULL DEFAULT 'open';
-- When it opens again by itself, while it is snoozed.
ALTER TABLE conversations ADD COLUMN snoozed_until INTEGER;
ALTER TABLE conversations ADD COLUMN assignee_id BLOB;
-- Whether it ever had a label: spares a look at the labels.
ALTER TABLE conversations ADD COLUMN labelled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN is_group INTEGER NOT NULL DEFAULT 0;
UPDATE conversations SET is_group = TRUE WHERE address LIKE 'group:%';

-- What agents look at: what is open, of all numbers or of one.
CREATE INDEX conversations_open ON conversations (workspace_id, sort_at DESC, id DESC) WHERE state = 'open';
CREATE INDEX conversations_open_account ON conversations (workspace_id, account_id, sort_at DESC, id DESC)
    WHERE state = 'open';
CREATE INDEX conversations_snoozed ON conversations (workspace_id, sort_at DESC, id DESC) WHERE state = 'snoozed';
CREATE INDEX conversations_assigned ON conversations (workspace_id, assignee_id, sort_at DESC, id DESC)
    WHERE assignee_id IS NOT NULL;
CREATE INDEX conversations_groups ON conversations (workspace_id, sort_at DESC, id DESC) WHERE is_group;
-- What is counted beside the filters.
CREATE INDEX conversations_counts ON conversations (workspace_id, account_id, assignee_id, is_group, unread)
    WHERE state = 'open';

CREATE TABLE labels (
    id BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    -- The name as it is compared.
    name_key TEXT NOT NULL,
    colour INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (workspace_id, name_key)
) STRICT;

CREATE TABLE conversation_labels (
    conversation_id BLOB NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    label_id BLOB NOT NULL REFERENCES labels (id) ON DELETE CASCADE,
    workspace_id BLOB NOT NULL,
    PRIMARY KEY (conversation_id, label_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX conversation_labels_label ON conversation_labels (label_id, conversation_id);
