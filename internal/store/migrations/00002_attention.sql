-- +goose Up
-- What waits for the operator is looked at too.
DROP INDEX intents_due;
CREATE INDEX intents_due ON intents (next_look_at) WHERE state IN ('ready', 'sent', 'unknown', 'attention');

-- +goose Down
DROP INDEX intents_due;
CREATE INDEX intents_due ON intents (next_look_at) WHERE state IN ('ready', 'sent', 'unknown');
