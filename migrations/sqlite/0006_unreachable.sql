ALTER TABLE `accounts` ADD `unreachable_at` integer;--> statement-breakpoint
ALTER TABLE `accounts` ADD `unreachable_error` text;