-- Finding words in messages. Its twin is ../sqlite/0007_search.sql.

-- Words only, one space between them: as they are written from now on.
UPDATE messages SET search_text = btrim(regexp_replace(
    regexp_replace(search_text, '[[:punct:][:space:]]+', ' ', 'g'), '\S{64,}', ' ', 'g'));
UPDATE messages SET search_text = regexp_replace(search_text, ' +', ' ', 'g') WHERE search_text LIKE '%  %';

-- The words of each message, and of which workspace and account it is. For rare words.
CREATE INDEX messages_words ON messages
    USING gin (array_to_tsvector(string_to_array(workspace_id::text || ' ' || account_id::text || ' ' || search_text, ' ')))
    WHERE search_text <> '';
-- The newest of a workspace. For words that stand in every second message.
CREATE INDEX messages_newest ON messages (workspace_id, at DESC, id DESC);
