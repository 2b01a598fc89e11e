CREATE TABLE "history" (
	"step_ms" integer NOT NULL,
	"at" bigint NOT NULL,
	"account_id" text COLLATE "C" NOT NULL,
	"partner_id" text COLLATE "C" NOT NULL,
	"host" text COLLATE "C" NOT NULL,
	"node" text COLLATE "C" NOT NULL,
	"registrations" integer NOT NULL,
	"succeeded" integer NOT NULL,
	"failed" integer NOT NULL,
	"unresolved" integer NOT NULL,
	"cancelled" integer NOT NULL,
	"delivered" integer NOT NULL,
	"failed_attempts" integer NOT NULL,
	"given_up" integer NOT NULL,
	"polls" integer NOT NULL,
	"failed_polls" integer NOT NULL,
	"arrived50" integer NOT NULL,
	"arrived100" integer NOT NULL,
	"arrived200" integer NOT NULL,
	"arrived500" integer NOT NULL,
	"arrived1000" integer NOT NULL,
	"arrived2000" integer NOT NULL,
	"arrived5000" integer NOT NULL,
	"arrived10000" integer NOT NULL,
	"arrived30000" integer NOT NULL,
	"arrived60000" integer NOT NULL,
	"arrived300000" integer NOT NULL,
	"arrived600000" integer NOT NULL,
	"arrived1800000" integer NOT NULL,
	"arrived3600000" integer NOT NULL,
	"arrived_over" integer NOT NULL,
	"answered50" integer NOT NULL,
	"answered100" integer NOT NULL,
	"answered200" integer NOT NULL,
	"answered500" integer NOT NULL,
	"answered1000" integer NOT NULL,
	"answered2000" integer NOT NULL,
	"answered5000" integer NOT NULL,
	"answered10000" integer NOT NULL,
	"answered_over" integer NOT NULL,
	"due_polls" integer NOT NULL,
	"due_webhooks" integer NOT NULL,
	CONSTRAINT "history_step_ms_at_account_id_partner_id_host_node_pk" PRIMARY KEY("step_ms","at","account_id","partner_id","host","node")
);
--> statement-breakpoint
-- The rows of the hour are written again each minute.
ALTER TABLE "history" SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
--> statement-breakpoint
ALTER TABLE "attempts" ADD COLUMN "origin" text COLLATE "C";
--> statement-breakpoint
CREATE INDEX "acts_object" ON "acts" USING btree ("object","id");
