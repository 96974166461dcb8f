-- Whether customers are told what is read and that somebody types. Its twin is ../sqlite/0025_receipts.sql.

ALTER TABLE accounts ADD COLUMN read_receipts BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE accounts ADD COLUMN typing BOOLEAN NOT NULL DEFAULT TRUE;
