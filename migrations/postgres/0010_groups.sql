-- Groups and who is in them. Its twin is ../sqlite/0010_groups.sql.

-- In groups: who wrote the last message.
ALTER TABLE conversations ADD COLUMN last_author TEXT;

CREATE TABLE group_info (
    conversation_id UUID NOT NULL PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE,
    workspace_id UUID NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    description TEXT,
    -- Who made it, and when.
    owner_id UUID REFERENCES contacts (id) ON DELETE SET NULL,
    founded_at BIGINT,
    -- Only administrators may write; only they may change name and picture.
    announce BOOLEAN NOT NULL DEFAULT FALSE,
    locked BOOLEAN NOT NULL DEFAULT FALSE,
    -- Ourselves, as in group_members.
    us_present BOOLEAN NOT NULL DEFAULT TRUE,
    us_present_at BIGINT NOT NULL DEFAULT 0,
    us_role TEXT NOT NULL DEFAULT 'member',
    us_role_at BIGINT NOT NULL DEFAULT 0,
    us_joined_at BIGINT,
    -- How many are in it, ourselves counted, once known.
    members INTEGER,
    -- Grows with each change that a screen shows.
    revision BIGINT NOT NULL DEFAULT 0,
    -- When somebody last wanted it to be asked for, and as of when it is known.
    wanted_at BIGINT,
    fetched_at BIGINT
);
CREATE INDEX group_info_workspace ON group_info (workspace_id);
CREATE INDEX group_info_owner ON group_info (owner_id) WHERE owner_id IS NOT NULL;

CREATE TABLE group_members (
    conversation_id UUID NOT NULL REFERENCES group_info (conversation_id) ON DELETE CASCADE,
    contact_id UUID NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    workspace_id UUID NOT NULL,
    -- Each with the moment that it was last said of: what happened may be told in any order.
    present BOOLEAN NOT NULL,
    present_at BIGINT NOT NULL,
    role TEXT NOT NULL,
    role_at BIGINT NOT NULL,
    joined_at BIGINT,
    PRIMARY KEY (conversation_id, contact_id)
);
CREATE INDEX group_members_contact ON group_members (contact_id);
