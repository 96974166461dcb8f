-- Chats that a phone lists without having handed over anything of them. See ../postgres/0023_listed_chats.sql.

-- When something was last written in it, says the list.
ALTER TABLE sync_chats ADD COLUMN last_at INTEGER;
