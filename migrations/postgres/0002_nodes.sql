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
	"replaces" text COLLATE "C"
);
