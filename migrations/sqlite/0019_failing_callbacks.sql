CREATE TABLE `callback_health` (
	`partner_id` text NOT NULL,
	`callback_url` text NOT NULL,
	`failing_since` integer NOT NULL,
	`attempts` integer NOT NULL,
	`last_error` text NOT NULL,
	`last_at` integer NOT NULL,
	`state` text NOT NULL,
	`notice_id` text,
	`notice_due_at` integer,
	`notice_tries` integer DEFAULT 0 NOT NULL,
	PRIMARY KEY(`partner_id`, `callback_url`),
	CONSTRAINT "callback_health_state_known" CHECK(state IN ('watched', 'failing', 'disabled'))
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `callback_health_state` ON `callback_health` (`state`,`last_at`) WHERE state <> 'watched';--> statement-breakpoint
CREATE INDEX `callback_health_old` ON `callback_health` (`last_at`) WHERE state <> 'disabled';--> statement-breakpoint
CREATE INDEX `callback_health_notice` ON `callback_health` (`notice_due_at`) WHERE notice_due_at IS NOT NULL;--> statement-breakpoint
ALTER TABLE `lanes` ADD `ramp_at` integer;--> statement-breakpoint
ALTER TABLE `lanes` ADD `ramped` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `lanes_ramp` ON `lanes` (`ramp_at`) WHERE ramp_at IS NOT NULL;