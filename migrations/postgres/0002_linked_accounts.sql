-- Accounts that are linked to a phone: their settings, today's use, what is shown while one links. Its twin is
-- ../sqlite/0002_linked_accounts.sql.

ALTER TABLE accounts ADD COLUMN is_primary BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE accounts ADD COLUMN auto_start BOOLEAN NOT NULL DEFAULT FALSE;
-- Messages per chat that are fetched from the phone's history.
ALTER TABLE accounts ADD COLUMN sync_limit INTEGER NOT NULL DEFAULT 50;
ALTER TABLE accounts ADD COLUMN media_storage TEXT NOT NULL DEFAULT 'local';
ALTER TABLE accounts ADD COLUMN trust_level INTEGER NOT NULL DEFAULT 1;
-- NULL: as many as the provider takes.
ALTER TABLE accounts ADD COLUMN daily_limit INTEGER;
-- What was sent on the day with this number (days since 1970 on the workspace's calendar).
ALTER TABLE accounts ADD COLUMN sent_day BIGINT NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN sent_count INTEGER NOT NULL DEFAULT 0;
-- When the QR or pairing code that is shown now runs out. The code itself is stored nowhere.
ALTER TABLE accounts ADD COLUMN code_expires_at BIGINT;
-- All that was written before this is here. Nobody's screen shows it.
ALTER TABLE accounts ADD COLUMN caught_up_at BIGINT;
CREATE UNIQUE INDEX accounts_primary ON accounts (workspace_id) WHERE is_primary;

-- Why a queued message has not gone out yet, and when it will.
ALTER TABLE messages ADD COLUMN held_reason TEXT;
ALTER TABLE messages ADD COLUMN held_until BIGINT;

-- In whose words a body is.
ALTER TABLE webhook_journal ADD COLUMN provider TEXT NOT NULL DEFAULT 'cloud';
