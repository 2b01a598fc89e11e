DROP INDEX `registrations_resolved`;--> statement-breakpoint
CREATE INDEX `registrations_untold` ON `registrations` (`resolved_at`) WHERE message_seq IS NULL AND resolved_at IS NOT NULL;--> statement-breakpoint
ALTER TABLE `lanes` ADD `registrations` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
UPDATE `lanes` SET `registrations` = c.n FROM (SELECT `lane_id`, count(*) AS n FROM `registrations` GROUP BY `lane_id`) AS c WHERE c.`lane_id` = `lanes`.`id`;--> statement-breakpoint
DELETE FROM `lanes` WHERE `registrations` = 0;--> statement-breakpoint
CREATE INDEX `bulk_resends_done` ON `bulk_resends` (`created_at`) WHERE done = 1;--> statement-breakpoint
CREATE INDEX `messages_rested` ON `messages` (`created_at`) WHERE due_at IS NULL;--> statement-breakpoint
CREATE INDEX `signing_secrets_ended` ON `signing_secrets` (`expires_at`) WHERE expires_at IS NOT NULL;