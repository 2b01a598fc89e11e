ALTER TABLE `deliveries` ADD `leased_until` integer;--> statement-breakpoint
UPDATE `deliveries` SET leased_until = due_at, due_at = claimed_at WHERE claimed_at IS NOT NULL;--> statement-breakpoint
DROP VIEW `messages`;--> statement-breakpoint
CREATE VIEW `messages` AS
SELECT b.seq, b.partner_id, b.event, b.registration_id, b.lane_id, b.callback_url, b.type, b.body, b.created_at, b.traceparent,
	coalesce(d.state, 'delivered') AS state, CASE WHEN d.claimed_at IS NULL THEN d.due_at ELSE d.leased_until END AS due_at, d.claimed_at,
	coalesce(d.claims, b.claims) AS claims, coalesce(d.fence, b.fence) AS fence, coalesce(d.attempts, b.attempts) AS attempts,
	coalesce(d.unrecorded, b.unrecorded) AS unrecorded, coalesce(d.retries, b.retries) AS retries
FROM `message_bodies` b LEFT JOIN `deliveries` d ON d.seq = b.seq;--> statement-breakpoint
-- What is claimed is counted among what waits: a claim changes no count.
UPDATE `counts` SET n = n + (SELECT l.n FROM `counts` l WHERE l.owner = '' AND l.what = 'messages_leased') WHERE owner = '' AND what = 'messages_waiting';--> statement-breakpoint
DELETE FROM `counts` WHERE owner = '' AND what = 'messages_leased';--> statement-breakpoint
DROP TRIGGER `deliveries_counted_at_insert`;--> statement-breakpoint
DROP TRIGGER `deliveries_counted_at_update`;--> statement-breakpoint
DROP TRIGGER `deliveries_counted_at_delete`;--> statement-breakpoint
CREATE TRIGGER `deliveries_counted_at_insert` AFTER INSERT ON `deliveries` BEGIN
	UPDATE `counts` SET n = n + 1 WHERE owner = '' AND what = CASE WHEN NEW.due_at IS NOT NULL THEN 'messages_waiting' WHEN NEW.state = 'pending' THEN 'messages_held' END;
END;--> statement-breakpoint
CREATE TRIGGER `deliveries_counted_at_update` AFTER UPDATE OF `state`, `due_at` ON `deliveries`
WHEN OLD.state <> NEW.state OR (OLD.due_at IS NULL) <> (NEW.due_at IS NULL) BEGIN
	UPDATE `counts` SET n = n - 1 WHERE owner = '' AND what = CASE WHEN OLD.due_at IS NOT NULL THEN 'messages_waiting' WHEN OLD.state = 'pending' THEN 'messages_held' END;
	UPDATE `counts` SET n = n + 1 WHERE owner = '' AND what = CASE WHEN NEW.due_at IS NOT NULL THEN 'messages_waiting' WHEN NEW.state = 'pending' THEN 'messages_held' END;
END;--> statement-breakpoint
CREATE TRIGGER `deliveries_counted_at_delete` AFTER DELETE ON `deliveries` BEGIN
	UPDATE `counts` SET n = n - 1 WHERE owner = '' AND what = CASE WHEN OLD.due_at IS NOT NULL THEN 'messages_waiting' WHEN OLD.state = 'pending' THEN 'messages_held' END;
END;
