-- All nodes are stopped first: those of the version before write to the table that is split here.
-- What a webhook says is written once; how its sending goes is a small table of its own, which a claim and an outcome write to instead.
ALTER TABLE "messages" RENAME TO "message_bodies";--> statement-breakpoint
ALTER SEQUENCE "messages_seq_seq" RENAME TO "message_bodies_seq_seq";--> statement-breakpoint
ALTER INDEX "messages_pkey" RENAME TO "message_bodies_pkey";--> statement-breakpoint
ALTER INDEX "messages_event" RENAME TO "message_bodies_event";--> statement-breakpoint
ALTER INDEX "messages_registration" RENAME TO "message_bodies_registration";--> statement-breakpoint
CREATE TABLE "deliveries" (
	"seq" bigint PRIMARY KEY NOT NULL,
	"partner_id" text COLLATE "C" NOT NULL,
	"registration_id" text COLLATE "C" NOT NULL,
	"lane_id" bigint NOT NULL,
	"callback_url" text COLLATE "C" NOT NULL,
	"state" text COLLATE "C" DEFAULT 'pending' NOT NULL,
	"due_at" bigint,
	"claimed_at" bigint,
	"claims" integer DEFAULT 0 NOT NULL,
	"fence" integer DEFAULT 0 NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"unrecorded" integer DEFAULT 0 NOT NULL,
	"retries" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "deliveries_state" CHECK (state IN ('pending', 'exhausted')),
	CONSTRAINT "deliveries_ended" CHECK (state = 'pending' OR due_at IS NULL),
	CONSTRAINT "deliveries_claimed" CHECK (claimed_at IS NULL OR due_at IS NOT NULL)
);
--> statement-breakpoint
INSERT INTO "deliveries" (seq, partner_id, registration_id, lane_id, callback_url, state, due_at, claimed_at, claims, fence, attempts, unrecorded, retries)
SELECT seq, partner_id, registration_id, lane_id, callback_url, state, due_at, claimed_at, claims, fence, attempts, unrecorded, retries
FROM "message_bodies" WHERE state <> 'delivered';
--> statement-breakpoint
CREATE INDEX "deliveries_due" ON "deliveries" USING btree ("lane_id","due_at","seq") WHERE due_at IS NOT NULL;
--> statement-breakpoint
CREATE INDEX "deliveries_open" ON "deliveries" USING btree ("partner_id","state","registration_id");
--> statement-breakpoint
CREATE INDEX "deliveries_failed" ON "deliveries" USING btree ("registration_id") WHERE state = 'exhausted' OR attempts > 0;
--> statement-breakpoint
CREATE INDEX "deliveries_held_for_url" ON "deliveries" USING btree ("partner_id","callback_url","seq") WHERE state = 'pending' AND due_at IS NULL;
--> statement-breakpoint
DROP FUNCTION count_messages_insert(), count_messages_update(), count_messages_delete() CASCADE;
--> statement-breakpoint
ALTER TABLE "message_bodies" DROP COLUMN "state", DROP COLUMN "due_at", DROP COLUMN "claimed_at",
	ALTER COLUMN "claims" SET DEFAULT 1, ALTER COLUMN "attempts" SET DEFAULT 1;
--> statement-breakpoint
-- A message as one row: without a delivery it is delivered.
CREATE VIEW "messages" AS
SELECT b.seq, b.partner_id, b.event, b.registration_id, b.lane_id, b.callback_url, b.type, b.body, b.created_at, b.traceparent,
	coalesce(d.state, 'delivered') AS state, d.due_at, d.claimed_at, coalesce(d.claims, b.claims) AS claims,
	coalesce(d.fence, b.fence) AS fence, coalesce(d.attempts, b.attempts) AS attempts,
	coalesce(d.unrecorded, b.unrecorded) AS unrecorded, coalesce(d.retries, b.retries) AS retries
FROM "message_bodies" b LEFT JOIN "deliveries" d ON d.seq = b.seq;
--> statement-breakpoint
DELETE FROM "counts" WHERE what = 'messages_delivered';
--> statement-breakpoint
DELETE FROM "count_changes" WHERE what = 'messages_delivered';
--> statement-breakpoint
INSERT INTO "count_changes" (what, owner, n) SELECT 'messages_all', '', count(*) FROM "message_bodies";
--> statement-breakpoint
-- As those of the other tables. What is delivered is all that is not otherwise.
DO $do$
DECLARE
	counted record;
	rows_of text;
BEGIN
	FOR counted IN SELECT * FROM (VALUES
		('message_bodies', 'insert', $$('messages_all', '', true)$$),
		('message_bodies', 'delete', $$('messages_all', '', true)$$),
		('deliveries', 'insert', NULL), ('deliveries', 'update', NULL), ('deliveries', 'delete', NULL)
	) AS tables(name, event, places) LOOP
		rows_of := CASE counted.event
			WHEN 'insert' THEN 'SELECT *, 1 AS sign FROM rows_after'
			WHEN 'delete' THEN 'SELECT *, -1 AS sign FROM rows_before'
			ELSE 'SELECT *, 1 AS sign FROM rows_after UNION ALL SELECT *, -1 FROM rows_before' END;
		EXECUTE format($function$
			CREATE FUNCTION count_%1$s_%2$s() RETURNS trigger LANGUAGE plpgsql AS $body$
			BEGIN
				INSERT INTO count_changes (what, owner, n)
				SELECT what, owner, sum(sign) FROM (%3$s) AS changed
					CROSS JOIN LATERAL (VALUES %4$s) AS place(what, owner, holds)
				WHERE holds GROUP BY what, owner HAVING sum(sign) <> 0;
				RETURN NULL;
			END $body$
		$function$, counted.name, counted.event, rows_of, coalesce(counted.places, $$('messages_exhausted', '', state = 'exhausted'),
			('messages_held', '', state = 'pending' AND due_at IS NULL),
			('messages_waiting', '', due_at IS NOT NULL AND claimed_at IS NULL),
			('messages_leased', '', claimed_at IS NOT NULL)$$));
		EXECUTE format('CREATE TRIGGER %1$s_counted_at_%2$s AFTER %2$s ON %1$s %3$s FOR EACH STATEMENT EXECUTE FUNCTION count_%1$s_%2$s()',
			counted.name, counted.event, CASE counted.event
				WHEN 'insert' THEN 'REFERENCING NEW TABLE AS rows_after'
				WHEN 'delete' THEN 'REFERENCING OLD TABLE AS rows_before'
				ELSE 'REFERENCING OLD TABLE AS rows_before NEW TABLE AS rows_after' END);
	END LOOP;
END $do$;
--> statement-breakpoint
ALTER TABLE "deliveries" ALTER COLUMN "callback_url" SET STORAGE MAIN, SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
--> statement-breakpoint
ALTER TABLE "message_bodies" SET (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.01);
