ALTER TABLE "accounts" ALTER COLUMN "pause_code" SET DATA TYPE bigint;--> statement-breakpoint
ALTER TABLE "verifications" ALTER COLUMN "last_code" SET DATA TYPE bigint;