CREATE TABLE "contacts" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"contact" "bytea" NOT NULL,
	"due_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "told_callbacks" (
	"partner_id" text COLLATE "C" NOT NULL,
	"callback_url" text COLLATE "C" NOT NULL,
	"since" bigint NOT NULL,
	"held_since" bigint,
	CONSTRAINT "told_callbacks_partner_id_callback_url_pk" PRIMARY KEY("partner_id","callback_url")
);
--> statement-breakpoint
ALTER TABLE "nodes" ADD COLUMN "answers" jsonb;--> statement-breakpoint
ALTER TABLE "partners" ADD COLUMN "enabled_at" bigint;