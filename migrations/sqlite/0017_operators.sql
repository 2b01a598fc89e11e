CREATE TABLE `acts` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`at` integer NOT NULL,
	`who` text NOT NULL,
	`name` text NOT NULL,
	`act` text NOT NULL,
	`object` text,
	`reason` text,
	`outcome` text NOT NULL,
	CONSTRAINT "acts_outcome" CHECK(outcome IN ('done', 'refused', 'failed'))
);
--> statement-breakpoint
CREATE TABLE `admin_tokens` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`role` text NOT NULL,
	`hash` blob NOT NULL,
	`created_at` integer NOT NULL,
	`last_used_at` integer,
	`expires_at` integer,
	`revoked_at` integer,
	CONSTRAINT "admin_tokens_role" CHECK(role IN ('read', 'operate', 'admin'))
);
