-- Groups and who is in them. Its twin is ../postgres/0010_groups.sql.

-- In groups: who wrote the last message.
ALTER TABLE conversations ADD COLUMN last_author TEXT;

CREATE TABLE group_info (
    conversation_id BLOB NOT NULL PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    description TEXT,
    -- Who made it, and when.
    owner_id BLOB REFERENCES contacts (id) ON DELETE SET NULL,
    founded_at INTEGER,
    -- Only administrators may write; only they may change name and picture.
    announce INTEGER NOT NULL DEFAULT 0,
    locked INTEGER NOT NULL DEFAULT 0,
    -- Ourselves, as in group_members.
    us_present INTEGER NOT NULL DEFAULT 1,
    us_present_at INTEGER NOT NULL DEFAULT 0,
    us_role TEXT NOT NULL DEFAULT 'member',
    us_role_at INTEGER NOT NULL DEFAULT 0,
    us_joined_at INTEGER,
    -- How many are in it, ourselves counted, once known.
    members INTEGER,
    -- Grows with each change that a screen shows.
    revision INTEGER NOT NULL DEFAULT 0,
    -- When somebody last wanted it to be asked for, and as of when it is known.
    wanted_at INTEGER,
    fetched_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX group_info_workspace ON group_info (workspace_id);
CREATE INDEX group_info_owner ON group_info (owner_id) WHERE owner_id IS NOT NULL;

CREATE TABLE group_members (
    conversation_id BLOB NOT NULL REFERENCES group_info (conversation_id) ON DELETE CASCADE,
    contact_id BLOB NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    workspace_id BLOB NOT NULL,
    -- Each with the moment that it was last said of: what happened may be told in any order.
    present INTEGER NOT NULL,
    present_at INTEGER NOT NULL,
    role TEXT NOT NULL,
    role_at INTEGER NOT NULL,
    joined_at INTEGER,
    PRIMARY KEY (conversation_id, contact_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_members_contact ON group_members (contact_id);
