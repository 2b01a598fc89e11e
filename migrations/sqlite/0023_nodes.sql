CREATE TABLE `nodes` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`version` text NOT NULL,
	`settings` text NOT NULL,
	`roles` text NOT NULL,
	`key` text NOT NULL,
	`started_at` integer NOT NULL,
	`seen_at` integer NOT NULL,
	`steady_at` integer NOT NULL,
	`replaces` text
);
