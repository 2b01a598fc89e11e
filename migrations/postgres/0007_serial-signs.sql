CREATE TABLE "serial_signs" (
	"partner_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"conflicts" text COLLATE "C" NOT NULL,
	"lookups" integer NOT NULL,
	"not_found" integer NOT NULL,
	"slowed_until" bigint NOT NULL,
	CONSTRAINT "serial_signs_counts" CHECK (lookups >= not_found AND not_found >= 0)
);
