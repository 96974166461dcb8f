-- Whether customers are told what is read and that somebody types. Its twin is ../postgres/0025_receipts.sql.

ALTER TABLE accounts ADD COLUMN read_receipts INTEGER NOT NULL DEFAULT 1;
ALTER TABLE accounts ADD COLUMN typing INTEGER NOT NULL DEFAULT 1;
