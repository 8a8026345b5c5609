-- +goose Up
-- How many looks a create that was called not made is still owed, should it have been made after all.
ALTER TABLE intents ADD COLUMN late BIGINT NOT NULL DEFAULT 0;
DROP INDEX intents_due;
CREATE INDEX intents_due ON intents (next_look_at) WHERE (state IN ('ready', 'sent', 'unknown', 'attention') OR late > 0);

-- +goose Down
DROP INDEX intents_due;
CREATE INDEX intents_due ON intents (next_look_at) WHERE state IN ('ready', 'sent', 'unknown', 'attention');
ALTER TABLE intents DROP COLUMN late;
