CREATE TABLE "accounts" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"api_id" text COLLATE "C" NOT NULL,
	"api_key" "bytea" NOT NULL,
	"password_mode" text COLLATE "C" NOT NULL,
	"rate" double precision,
	"is_default" boolean DEFAULT false NOT NULL,
	"partner_id" text COLLATE "C",
	"created_at" bigint NOT NULL,
	"removed_at" bigint,
	"paused_at" bigint,
	"pause_reason" text COLLATE "C",
	"pause_code" bigint,
	"unreachable_at" bigint,
	"unreachable_error" text COLLATE "C",
	"probes" integer DEFAULT 0 NOT NULL,
	"probe_at" bigint,
	"allowed_at" double precision DEFAULT 0 NOT NULL,
	"ramp_at" bigint,
	"ramp_rate" double precision,
	CONSTRAINT "accounts_api_id_unique" UNIQUE("api_id"),
	CONSTRAINT "accounts_mode" CHECK (password_mode IN ('dynamic', 'static')),
	CONSTRAINT "accounts_paused" CHECK ((paused_at IS NULL) = (pause_reason IS NULL)),
	CONSTRAINT "accounts_operator" CHECK (pause_reason IS DISTINCT FROM 'operator' OR probe_at IS NULL)
);
--> statement-breakpoint
CREATE TABLE "acts" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "acts_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"at" bigint NOT NULL,
	"who" text COLLATE "C" NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"act" text COLLATE "C" NOT NULL,
	"object" text COLLATE "C",
	"reason" text COLLATE "C",
	"changes" text COLLATE "C",
	"outcome" text COLLATE "C" NOT NULL,
	CONSTRAINT "acts_outcome" CHECK (outcome IN ('begun', 'done', 'refused', 'failed'))
);
--> statement-breakpoint
CREATE TABLE "admin_tokens" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"role" text COLLATE "C" NOT NULL,
	"hash" "bytea" NOT NULL,
	"created_at" bigint NOT NULL,
	"last_used_at" bigint,
	"expires_at" bigint,
	"revoked_at" bigint,
	CONSTRAINT "admin_tokens_role" CHECK (role IN ('read', 'operate', 'admin'))
);
--> statement-breakpoint
CREATE TABLE "api_keys" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"partner_id" text COLLATE "C" NOT NULL,
	"hash" "bytea" NOT NULL,
	"created_at" bigint NOT NULL,
	"last_used_at" bigint,
	"expires_at" bigint,
	"revoked_at" bigint
);
--> statement-breakpoint
CREATE TABLE "attempts" (
	"message_seq" bigint NOT NULL,
	"n" integer NOT NULL,
	"at" bigint NOT NULL,
	"outcome" text COLLATE "C" NOT NULL,
	"http_status" integer,
	"error" text COLLATE "C",
	"duration_ms" integer NOT NULL,
	"response_excerpt" text COLLATE "C",
	CONSTRAINT "attempts_message_seq_n_pk" PRIMARY KEY("message_seq","n"),
	CONSTRAINT "attempts_outcome" CHECK (outcome IN ('delivered', 'rejected', 'gone', 'failed'))
);
--> statement-breakpoint
CREATE TABLE "bulk_acts" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"partner_id" text COLLATE "C",
	"act" text COLLATE "C" NOT NULL,
	"filter" jsonb NOT NULL,
	"reason" text COLLATE "C" NOT NULL,
	"who" text COLLATE "C" NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"probe" boolean DEFAULT false NOT NULL,
	"count" integer NOT NULL,
	"count_is_capped" boolean DEFAULT false NOT NULL,
	"state" text COLLATE "C" NOT NULL,
	"created_at" bigint NOT NULL,
	"started_at" bigint,
	"done_at_start" integer DEFAULT 0 NOT NULL,
	"ended_at" bigint,
	"done" integer DEFAULT 0 NOT NULL,
	"error" text COLLATE "C",
	"cursor" text COLLATE "C",
	"stepped_at" bigint DEFAULT 0 NOT NULL,
	"probe_id" text COLLATE "C",
	"probe_claims" integer DEFAULT 0 NOT NULL,
	"probed_at" bigint,
	CONSTRAINT "bulk_acts_act" CHECK (act IN ('resend', 'cancel', 'poll')),
	CONSTRAINT "bulk_acts_state" CHECK (state IN ('draft', 'probing', 'running', 'stopped', 'done', 'failed'))
);
--> statement-breakpoint
CREATE TABLE "callbacks" (
	"partner_id" text COLLATE "C" NOT NULL,
	"callback_url" text COLLATE "C" NOT NULL,
	"state" text COLLATE "C" NOT NULL,
	"failing_since" bigint NOT NULL,
	"attempts" integer NOT NULL,
	"last_error" text COLLATE "C" NOT NULL,
	"last_at" bigint NOT NULL,
	"held_since" bigint,
	"notice_due_at" bigint,
	"notice_tries" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "callbacks_partner_id_callback_url_pk" PRIMARY KEY("partner_id","callback_url"),
	CONSTRAINT "callbacks_state_known" CHECK (state IN ('watched', 'failing', 'disabled', 'gone', 'releasing'))
);
--> statement-breakpoint
CREATE TABLE "completion_bins" (
	"account_id" text COLLATE "C" NOT NULL,
	"bin" integer NOT NULL,
	"completions" double precision NOT NULL,
	"exposure_ms" double precision NOT NULL,
	CONSTRAINT "completion_bins_account_id_bin_pk" PRIMARY KEY("account_id","bin"),
	CONSTRAINT "completion_bins_counts" CHECK (completions >= 0 AND exposure_ms >= 0)
);
--> statement-breakpoint
CREATE TABLE "count_changes" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "count_changes_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"what" text COLLATE "C" NOT NULL,
	"owner" text COLLATE "C" NOT NULL,
	"n" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "counts" (
	"what" text COLLATE "C" NOT NULL,
	"owner" text COLLATE "C" NOT NULL,
	"n" bigint NOT NULL,
	CONSTRAINT "counts_owner_what_pk" PRIMARY KEY("owner","what")
);
--> statement-breakpoint
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
CREATE TABLE "lanes" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "lanes_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"partner_id" text COLLATE "C" NOT NULL,
	"host" text COLLATE "C" NOT NULL,
	"due_at" bigint,
	"strikes" integer DEFAULT 0 NOT NULL,
	"slow" boolean DEFAULT false NOT NULL,
	"proven" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
CREATE TABLE "message_bodies" (
	"seq" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "message_bodies_seq_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"partner_id" text COLLATE "C" NOT NULL,
	"event" bigint NOT NULL,
	"registration_id" text COLLATE "C" NOT NULL,
	"lane_id" bigint NOT NULL,
	"callback_url" text COLLATE "C" NOT NULL,
	"type" text COLLATE "C" NOT NULL,
	"body" "bytea" NOT NULL,
	"created_at" bigint NOT NULL,
	"traceparent" text COLLATE "C",
	"claims" integer DEFAULT 1 NOT NULL,
	"fence" integer DEFAULT 0 NOT NULL,
	"attempts" integer DEFAULT 1 NOT NULL,
	"unrecorded" integer DEFAULT 0 NOT NULL,
	"retries" integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "meta" (
	"key" text COLLATE "C" PRIMARY KEY NOT NULL,
	"value" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "nodes" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"version" text COLLATE "C" NOT NULL,
	"settings" text COLLATE "C" NOT NULL,
	"roles" jsonb NOT NULL,
	"key" text COLLATE "C" NOT NULL,
	"started_at" bigint NOT NULL,
	"seen_at" bigint NOT NULL,
	"steady_at" bigint NOT NULL,
	"lost_at" bigint,
	"clock_ahead_ms" bigint
);
--> statement-breakpoint
CREATE TABLE "operator_events" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "operator_events_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"condition" text COLLATE "C" NOT NULL,
	"subject" text COLLATE "C" NOT NULL,
	"state" text COLLATE "C" NOT NULL,
	"since" bigint NOT NULL,
	"at" bigint NOT NULL,
	"count" integer NOT NULL,
	"details" text COLLATE "C" NOT NULL,
	"told_state" text COLLATE "C",
	"told_at" bigint,
	"due_at" bigint,
	"claims" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "operator_events_state" CHECK (state IN ('firing', 'resolved')),
	CONSTRAINT "operator_events_told" CHECK (told_state IN ('firing', 'resolved'))
);
--> statement-breakpoint
CREATE TABLE "partners" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"disabled" boolean DEFAULT false NOT NULL,
	"payload" text COLLATE "C" DEFAULT 'full' NOT NULL,
	"max_pending" integer,
	"max_hosts" integer,
	"max_daily" integer,
	"created_at" bigint NOT NULL,
	"events" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "partners_payload" CHECK (payload IN ('full', 'thin')),
	CONSTRAINT "partners_quotas" CHECK (max_pending >= 0 AND max_hosts >= 0 AND max_daily >= 0)
);
--> statement-breakpoint
CREATE TABLE "registrations" (
	"verification_id" bigint NOT NULL,
	"n" integer NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	"partner_id" text COLLATE "C" NOT NULL,
	"callback_url" text COLLATE "C" NOT NULL,
	"lane_id" bigint NOT NULL,
	"metadata" "bytea" NOT NULL,
	"status" text COLLATE "C" NOT NULL,
	"reason" text COLLATE "C",
	"created_at" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	"resolved_at" bigint,
	"message_seq" bigint,
	"traceparent" text COLLATE "C",
	CONSTRAINT "registrations_verification_id_n_pk" PRIMARY KEY("verification_id","n"),
	CONSTRAINT "registrations_id_unique" UNIQUE("id"),
	CONSTRAINT "registrations_status" CHECK (status IN ('pending', 'succeeded', 'failed', 'unresolved', 'cancelled')),
	CONSTRAINT "registrations_ended" CHECK ((status = 'pending') = (resolved_at IS NULL))
);
--> statement-breakpoint
CREATE TABLE "signing_secrets" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"partner_id" text COLLATE "C" NOT NULL,
	"type" text COLLATE "C" NOT NULL,
	"secret" "bytea" NOT NULL,
	"created_at" bigint NOT NULL,
	"expires_at" bigint,
	CONSTRAINT "signing_secrets_type" CHECK (type IN ('v1', 'v1a'))
);
--> statement-breakpoint
CREATE TABLE "verifications" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "verifications_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"account_id" text COLLATE "C" NOT NULL,
	"partner_id" text COLLATE "C" NOT NULL,
	"idcardid" text COLLATE "C" NOT NULL,
	"serial_key" text COLLATE "C",
	"created_at" bigint NOT NULL,
	"nudged_at" bigint NOT NULL,
	"queue" integer DEFAULT 1 NOT NULL,
	"due_at" bigint,
	"claimed_at" bigint,
	"claims" integer DEFAULT 0 NOT NULL,
	"polls" integer DEFAULT 0 NOT NULL,
	"last_polled_at" bigint,
	"last_answer" text COLLATE "C",
	"last_code" bigint,
	"raw_status" text COLLATE "C",
	"last_open_at" bigint,
	"failures" integer DEFAULT 0 NOT NULL,
	"failing_since" bigint,
	"invalid_ids" integer DEFAULT 0 NOT NULL,
	"gone_checks" integer DEFAULT 0 NOT NULL,
	"seen" boolean DEFAULT false NOT NULL,
	"verdict" "bytea",
	"observed_at" bigint,
	"previous_poll_at" bigint,
	CONSTRAINT "verifications_resolved" CHECK (verdict IS NULL OR due_at IS NULL),
	CONSTRAINT "verifications_claimed" CHECK (claimed_at IS NULL OR due_at IS NOT NULL)
);
--> statement-breakpoint
CREATE UNIQUE INDEX "accounts_default" ON "accounts" USING btree ("is_default") WHERE is_default;--> statement-breakpoint
CREATE INDEX "api_keys_partner" ON "api_keys" USING btree ("partner_id");--> statement-breakpoint
CREATE INDEX "bulk_acts_owner" ON "bulk_acts" USING btree ("partner_id","id");--> statement-breakpoint
CREATE INDEX "bulk_acts_open" ON "bulk_acts" USING btree ("stepped_at","id") WHERE state IN ('probing', 'running');--> statement-breakpoint
CREATE INDEX "callbacks_state" ON "callbacks" USING btree ("state","last_at") WHERE state <> 'watched';--> statement-breakpoint
CREATE INDEX "callbacks_held" ON "callbacks" USING btree ("partner_id") WHERE held_since IS NOT NULL;--> statement-breakpoint
CREATE INDEX "callbacks_notice" ON "callbacks" USING btree ("notice_due_at") WHERE notice_due_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX "count_changes_owner" ON "count_changes" USING btree ("owner");--> statement-breakpoint
CREATE INDEX "deliveries_due" ON "deliveries" USING btree ("lane_id","due_at","seq") WHERE due_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX "deliveries_open" ON "deliveries" USING btree ("partner_id","state","registration_id");--> statement-breakpoint
CREATE INDEX "deliveries_failed" ON "deliveries" USING btree ("registration_id") WHERE state = 'exhausted' OR attempts > 0;--> statement-breakpoint
CREATE INDEX "deliveries_given_up" ON "deliveries" USING btree ("state","registration_id") WHERE state = 'exhausted';--> statement-breakpoint
CREATE INDEX "deliveries_held_for_url" ON "deliveries" USING btree ("partner_id","callback_url","seq") WHERE state = 'pending' AND due_at IS NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "lanes_host" ON "lanes" USING btree ("partner_id","host");--> statement-breakpoint
CREATE INDEX "lanes_due_of_kind" ON "lanes" USING btree ("partner_id","slow","proven","due_at","id") WHERE due_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX "lanes_first" ON "lanes" USING btree ("due_at") WHERE due_at >= 0;--> statement-breakpoint
CREATE UNIQUE INDEX "message_bodies_event" ON "message_bodies" USING btree ("partner_id","event");--> statement-breakpoint
CREATE UNIQUE INDEX "message_bodies_registration" ON "message_bodies" USING btree ("registration_id");--> statement-breakpoint
CREATE UNIQUE INDEX "operator_events_subject" ON "operator_events" USING btree ("condition","subject");--> statement-breakpoint
CREATE INDEX "operator_events_due" ON "operator_events" USING btree ("due_at") WHERE due_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX "partners_disabled" ON "partners" USING btree ("id") WHERE disabled;--> statement-breakpoint
CREATE INDEX "registrations_list" ON "registrations" USING btree ("partner_id","status","id");--> statement-breakpoint
CREATE INDEX "registrations_lane" ON "registrations" USING btree ("lane_id");--> statement-breakpoint
CREATE INDEX "registrations_ended" ON "registrations" USING btree ("resolved_at","id") WHERE resolved_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX "signing_secrets_partner" ON "signing_secrets" USING btree ("partner_id");--> statement-breakpoint
CREATE INDEX "signing_secrets_ended" ON "signing_secrets" USING btree ("expires_at") WHERE expires_at IS NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "verifications_serial" ON "verifications" USING btree ("idcardid","account_id");--> statement-breakpoint
CREATE INDEX "verifications_key" ON "verifications" USING btree ("serial_key","account_id") WHERE serial_key IS NOT NULL;--> statement-breakpoint
CREATE INDEX "verifications_due" ON "verifications" USING btree ("account_id","partner_id","queue","due_at","last_polled_at" NULLS FIRST,"id") WHERE due_at IS NOT NULL;--> statement-breakpoint
-- A message as one row: without a delivery it is delivered.
CREATE VIEW "messages" AS
SELECT b.seq, b.partner_id, b.event, b.registration_id, b.lane_id, b.callback_url, b.type, b.body, b.created_at, b.traceparent,
	coalesce(d.state, 'delivered') AS state, d.due_at, d.claimed_at, coalesce(d.claims, b.claims) AS claims,
	coalesce(d.fence, b.fence) AS fence, coalesce(d.attempts, b.attempts) AS attempts,
	coalesce(d.unrecorded, b.unrecorded) AS unrecorded, coalesce(d.retries, b.retries) AS retries
FROM "message_bodies" b LEFT JOIN "deliveries" d ON d.seq = b.seq;
--> statement-breakpoint
-- What was folded, and what has changed since then: whoever reads a count adds both.
CREATE VIEW "current_counts" AS
SELECT what, owner, n FROM "counts" UNION ALL SELECT what, owner, n FROM "count_changes";
--> statement-breakpoint
-- What a statement changes in how many rows are in a state is appended to count_changes, so that no two writers wait for one row.
-- For each table: the counts that a row may be one of, as (what, owner, whether it is). A trigger of an insert sees no rows before,
-- and one of a delete none after, so each has a function of its own, made from the same text.
DO $do$
DECLARE
	counted record;
	rows_of text;
	event text;
BEGIN
	FOR counted IN SELECT * FROM (VALUES
		('verifications', '{insert,update,delete}'::text[], $$('verifications_waiting', account_id, due_at IS NOT NULL AND claimed_at IS NULL),
			('verifications_leased', account_id, claimed_at IS NOT NULL)$$),
		('registrations', '{insert,update,delete}', $$('partner_pending', partner_id, status = 'pending'),
			('partner_hour', partner_id || ' ' || created_at / 3600000, true)$$),
		('deliveries', '{insert,update,delete}', $$('messages_held', '', state = 'pending' AND due_at IS NULL),
			('messages_waiting', '', due_at IS NOT NULL AND claimed_at IS NULL),
			('messages_leased', '', claimed_at IS NOT NULL)$$),
		('lanes', '{insert,update,delete}', $$('partner_hosts', partner_id, true)$$)
	) AS tables(name, events, places) LOOP
		FOREACH event IN ARRAY counted.events LOOP
			rows_of := CASE event
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
			$function$, counted.name, event, rows_of, counted.places);
			EXECUTE format('CREATE TRIGGER %1$s_counted_at_%2$s AFTER %2$s ON %1$s %3$s FOR EACH STATEMENT EXECUTE FUNCTION count_%1$s_%2$s()',
				counted.name, event, CASE event
					WHEN 'insert' THEN 'REFERENCING NEW TABLE AS rows_after'
					WHEN 'delete' THEN 'REFERENCING OLD TABLE AS rows_before'
					ELSE 'REFERENCING OLD TABLE AS rows_before NEW TABLE AS rows_after' END);
		END LOOP;
	END LOOP;
END $do$;
--> statement-breakpoint
-- What is claimed stays narrow: what is sealed is not rewritten with each claim, but kept beside its table. It does not compress.
ALTER TABLE "message_bodies" ALTER COLUMN "body" SET STORAGE EXTERNAL, ALTER COLUMN "callback_url" SET STORAGE MAIN, SET (toast_tuple_target = 128);
--> statement-breakpoint
ALTER TABLE "verifications" ALTER COLUMN "verdict" SET STORAGE EXTERNAL, SET (toast_tuple_target = 128);
--> statement-breakpoint
ALTER TABLE "registrations" ALTER COLUMN "metadata" SET STORAGE EXTERNAL, ALTER COLUMN "callback_url" SET STORAGE MAIN, SET (toast_tuple_target = 128);
--> statement-breakpoint
-- Dead rows go after a bounded number of changes, not in proportion to a table that grows.
ALTER TABLE "message_bodies" SET (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 10000, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
--> statement-breakpoint
ALTER TABLE "verifications" SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 10000, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
--> statement-breakpoint
ALTER TABLE "registrations" SET (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
--> statement-breakpoint
ALTER TABLE "lanes" SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_cost_delay = 0);
--> statement-breakpoint
ALTER TABLE "accounts" SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 100, autovacuum_vacuum_cost_delay = 0);
--> statement-breakpoint
ALTER TABLE "partners" SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 100, autovacuum_vacuum_cost_delay = 0);
--> statement-breakpoint
ALTER TABLE "counts" SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_cost_delay = 0);
--> statement-breakpoint
ALTER TABLE "count_changes" SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
--> statement-breakpoint
ALTER TABLE "deliveries" ALTER COLUMN "callback_url" SET STORAGE MAIN, SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
