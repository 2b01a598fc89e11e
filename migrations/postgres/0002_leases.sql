ALTER TABLE "deliveries" ADD COLUMN "leased_until" bigint;--> statement-breakpoint
UPDATE "deliveries" SET leased_until = due_at, due_at = claimed_at WHERE due_at IS NOT NULL AND claimed_at IS NOT NULL;--> statement-breakpoint
-- Older nodes would take for free what a newer one has claimed. Their claims make the due time the end of the lease: from here on each is refused.
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_leased" CHECK (claimed_at IS NULL OR (due_at <= claimed_at AND leased_until IS NOT NULL));--> statement-breakpoint
CREATE OR REPLACE VIEW "messages" AS
SELECT b.seq, b.partner_id, b.event, b.registration_id, b.lane_id, b.callback_url, b.type, b.body, b.created_at, b.traceparent,
	coalesce(d.state, 'delivered') AS state, CASE WHEN d.claimed_at IS NULL THEN d.due_at ELSE d.leased_until END AS due_at, d.claimed_at,
	coalesce(d.claims, b.claims) AS claims, coalesce(d.fence, b.fence) AS fence, coalesce(d.attempts, b.attempts) AS attempts,
	coalesce(d.unrecorded, b.unrecorded) AS unrecorded, coalesce(d.retries, b.retries) AS retries
FROM "message_bodies" b LEFT JOIN "deliveries" d ON d.seq = b.seq;
--> statement-breakpoint
-- What is claimed is counted among what waits: a claim changes no count, and no trigger looks at it.
INSERT INTO count_changes (what, owner, n) SELECT 'messages_waiting', '', sum(n) FROM current_counts WHERE owner = '' AND what = 'messages_leased' HAVING sum(n) <> 0;
--> statement-breakpoint
DELETE FROM count_changes WHERE owner = '' AND what = 'messages_leased';--> statement-breakpoint
DELETE FROM counts WHERE owner = '' AND what = 'messages_leased';--> statement-breakpoint
CREATE OR REPLACE FUNCTION count_deliveries_insert() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
	INSERT INTO count_changes (what, owner, n)
	SELECT what, '', count(*) FROM rows_after CROSS JOIN LATERAL (VALUES ('messages_held', state = 'pending' AND due_at IS NULL), ('messages_waiting', due_at IS NOT NULL)) AS place(what, holds)
	WHERE holds GROUP BY what;
	RETURN NULL;
END $body$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION count_deliveries_delete() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
	INSERT INTO count_changes (what, owner, n)
	SELECT what, '', -count(*) FROM rows_before CROSS JOIN LATERAL (VALUES ('messages_held', state = 'pending' AND due_at IS NULL), ('messages_waiting', due_at IS NOT NULL)) AS place(what, holds)
	WHERE holds GROUP BY what;
	RETURN NULL;
END $body$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION count_deliveries_update() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
	INSERT INTO count_changes (what, owner, n)
	SELECT what, '', n FROM (VALUES ('messages_held', (NEW.state = 'pending' AND NEW.due_at IS NULL)::int - (OLD.state = 'pending' AND OLD.due_at IS NULL)::int),
		('messages_waiting', (NEW.due_at IS NOT NULL)::int - (OLD.due_at IS NOT NULL)::int)) AS place(what, n)
	WHERE n <> 0;
	RETURN NULL;
END $body$;
--> statement-breakpoint
DROP TRIGGER deliveries_counted_at_update ON deliveries;--> statement-breakpoint
CREATE TRIGGER deliveries_counted_at_update AFTER UPDATE OF state, due_at ON deliveries FOR EACH ROW
	WHEN (OLD.state <> NEW.state OR (OLD.due_at IS NULL) <> (NEW.due_at IS NULL)) EXECUTE FUNCTION count_deliveries_update();
--> statement-breakpoint
-- The row that a claim writes has room beside the one before it, since most of a page is claimed at once: then no index is written.
ALTER TABLE "deliveries" SET (fillfactor = 45);
