"""Webhooks told again and passed over, and the secret with which a partner signs what it pushes to us.

Assumes m0009. The code running beside it writes deliveries without `replay_id` and with the four outcomes
it knows; both stay valid. It finds the unique index by its columns, which keep meaning what they meant.
"""

FORWARDS = """
SET LOCAL lock_timeout = '3s';
ALTER TABLE courier_partner
    ADD COLUMN callback_secret_sealed        bytea,
    ADD COLUMN former_callback_secret_sealed bytea,
    ADD COLUMN former_callback_secret_until  timestamptz;

ALTER TABLE webhook_delivery ADD COLUMN replay_id uuid;
ALTER TABLE webhook_delivery DROP CONSTRAINT webhook_delivery_outcome_is_known;
ALTER TABLE webhook_delivery ADD CONSTRAINT webhook_delivery_outcome_is_known
    CHECK (outcome IN ('delivered', 'refused', 'unreachable', 'blocked', 'skipped'));
DROP INDEX webhook_delivery_succeeds_once;
CREATE UNIQUE INDEX webhook_delivery_succeeds_once ON webhook_delivery (endpoint_id, event_id)
    WHERE outcome IN ('delivered', 'skipped') AND replay_id IS NULL;
CREATE UNIQUE INDEX webhook_delivery_replays_once ON webhook_delivery (endpoint_id, event_id, replay_id)
    WHERE outcome = 'delivered' AND replay_id IS NOT NULL;
"""

BACKWARDS = """
DROP INDEX webhook_delivery_replays_once;
DROP INDEX webhook_delivery_succeeds_once;
DELETE FROM webhook_delivery WHERE outcome = 'skipped' OR replay_id IS NOT NULL;
CREATE UNIQUE INDEX webhook_delivery_succeeds_once ON webhook_delivery (endpoint_id, event_id)
    WHERE outcome = 'delivered';
ALTER TABLE webhook_delivery DROP CONSTRAINT webhook_delivery_outcome_is_known;
ALTER TABLE webhook_delivery ADD CONSTRAINT webhook_delivery_outcome_is_known
    CHECK (outcome IN ('delivered', 'refused', 'unreachable', 'blocked'));
ALTER TABLE webhook_delivery DROP COLUMN replay_id;
ALTER TABLE courier_partner
    DROP COLUMN callback_secret_sealed,
    DROP COLUMN former_callback_secret_sealed,
    DROP COLUMN former_callback_secret_until;
"""
