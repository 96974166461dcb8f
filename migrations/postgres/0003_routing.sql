-- Messages that left by another number than their conversation's. Its twin is ../sqlite/0003_routing.sql.

-- NULL: sent by the conversation's own account. No reference: it stays true when that account is gone.
ALTER TABLE messages ADD COLUMN sent_with UUID;
CREATE INDEX messages_sent_with ON messages (sent_with, provider_id) WHERE sent_with IS NOT NULL;
