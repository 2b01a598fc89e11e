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
		('verifications', $$('verifications_waiting', account_id, due_at IS NOT NULL),
			('verifications_leased', account_id, claimed_at IS NOT NULL)$$),
		('registrations', $$('registrations_' || status, '', true), ('partner_pending', partner_id, status = 'pending'),
			('partner_hour', partner_id || ' ' || created_at / 3600000, true)$$),
		('messages', $$('messages_' || state, '', state <> 'pending'),
			('messages_held', '', state = 'pending' AND due_at IS NULL),
			('messages_waiting', '', due_at IS NOT NULL AND claimed_at IS NULL),
			('messages_leased', '', claimed_at IS NOT NULL)$$),
		('lanes', $$('partner_hosts', partner_id, true)$$)
	) AS tables(name, places) LOOP
		FOREACH event IN ARRAY ARRAY['insert', 'update', 'delete'] LOOP
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
ALTER TABLE "messages" ALTER COLUMN "body" SET STORAGE EXTERNAL, ALTER COLUMN "callback_url" SET STORAGE MAIN, SET (toast_tuple_target = 128);
--> statement-breakpoint
ALTER TABLE "verifications" ALTER COLUMN "verdict" SET STORAGE EXTERNAL, SET (toast_tuple_target = 128);
--> statement-breakpoint
ALTER TABLE "registrations" ALTER COLUMN "metadata" SET STORAGE EXTERNAL, ALTER COLUMN "callback_url" SET STORAGE MAIN, SET (toast_tuple_target = 128);
--> statement-breakpoint
-- Dead rows go after a bounded number of changes, not in proportion to a table that grows.
ALTER TABLE "messages" SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 10000, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
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
