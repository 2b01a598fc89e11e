DROP INDEX `verifications_due`;--> statement-breakpoint
ALTER TABLE `verifications` ADD `queue` integer DEFAULT 1 NOT NULL;--> statement-breakpoint
UPDATE `verifications` SET `queue` = 23 WHERE `due_at` IS NOT NULL AND `last_polled_at` IS NOT NULL;--> statement-breakpoint
CREATE INDEX `verifications_due` ON `verifications` (`account_id`,`partner_id`,`queue`,`due_at`,`last_polled_at`) WHERE due_at IS NOT NULL;