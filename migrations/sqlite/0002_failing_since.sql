ALTER TABLE `verifications` ADD `last_open_at` integer;--> statement-breakpoint
ALTER TABLE `verifications` ADD `failing_since` integer;--> statement-breakpoint
UPDATE `verifications` SET `last_open_at` = `last_polled_at` WHERE `due_at` IS NOT NULL AND `last_answer` IN ('waiting', 'unknown_status', 'not_found');
