DROP INDEX `verifications_due`;--> statement-breakpoint
ALTER TABLE `verifications` ADD `queue` integer DEFAULT 1 NOT NULL;--> statement-breakpoint
UPDATE `verifications` SET `queue` = CASE
  WHEN `nudged_at` > `last_polled_at` THEN 0
  WHEN `due_at` - `last_polled_at` < 1000 THEN 16
  WHEN `due_at` - `last_polled_at` < 2000 THEN 17
  WHEN `due_at` - `last_polled_at` < 4000 THEN 18
  WHEN `due_at` - `last_polled_at` < 8000 THEN 19
  WHEN `due_at` - `last_polled_at` < 16000 THEN 20
  WHEN `due_at` - `last_polled_at` < 32000 THEN 21
  WHEN `due_at` - `last_polled_at` < 64000 THEN 22
  WHEN `due_at` - `last_polled_at` < 128000 THEN 23
  WHEN `due_at` - `last_polled_at` < 256000 THEN 24
  ELSE 25 END
WHERE `due_at` IS NOT NULL AND `last_polled_at` IS NOT NULL;--> statement-breakpoint
CREATE INDEX `verifications_due` ON `verifications` (`account_id`,`partner_id`,`queue`,`due_at`,`last_polled_at`) WHERE due_at IS NOT NULL;