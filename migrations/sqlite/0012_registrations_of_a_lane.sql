CREATE INDEX `registrations_lane` ON `registrations` (`lane_id`);--> statement-breakpoint
ALTER TABLE `lanes` DROP COLUMN `registrations`;--> statement-breakpoint
DELETE FROM `lanes` WHERE `id` NOT IN (SELECT `lane_id` FROM `registrations`);