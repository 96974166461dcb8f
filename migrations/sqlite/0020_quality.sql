-- How Meta rates a number: green, yellow or red. NULL where nobody rates it.
ALTER TABLE accounts ADD COLUMN quality TEXT;
