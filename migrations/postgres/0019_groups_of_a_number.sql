-- The groups of one number: among many conversations that are none they were looked for one by one.
CREATE INDEX conversations_groups_account ON conversations (workspace_id, account_id, sort_at DESC, id DESC) WHERE is_group;
