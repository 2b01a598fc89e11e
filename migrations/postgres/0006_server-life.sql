-- Not logged: a crash and a fail-over empty it, and so end the life that it names.
CREATE UNLOGGED TABLE "server_life" (
	"n" integer PRIMARY KEY NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	CONSTRAINT "server_life_one" CHECK (n = 1)
);
--> statement-breakpoint
INSERT INTO "server_life" ("n", "id") VALUES (1, gen_random_uuid()::text);
