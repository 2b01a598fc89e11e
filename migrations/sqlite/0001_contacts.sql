CREATE TABLE `contacts` (
	`id` text PRIMARY KEY NOT NULL,
	`contact` blob NOT NULL,
	`due_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `told_callbacks` (
	`partner_id` text NOT NULL,
	`callback_url` text NOT NULL,
	`since` integer NOT NULL,
	`held_since` integer,
	PRIMARY KEY(`partner_id`, `callback_url`)
);
--> statement-breakpoint
ALTER TABLE `nodes` ADD `answers` text;--> statement-breakpoint
ALTER TABLE `partners` ADD `enabled_at` integer;