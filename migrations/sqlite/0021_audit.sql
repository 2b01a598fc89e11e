PRAGMA foreign_keys=OFF;--> statement-breakpoint
CREATE TABLE `__new_acts` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`at` integer NOT NULL,
	`who` text NOT NULL,
	`name` text NOT NULL,
	`act` text NOT NULL,
	`object` text,
	`reason` text,
	`outcome` text NOT NULL,
	`is_for_log` integer DEFAULT true NOT NULL,
	CONSTRAINT "acts_outcome" CHECK(outcome IN ('begun', 'done', 'refused', 'failed'))
);
--> statement-breakpoint
-- What was there before is not told to the log again.
INSERT INTO `__new_acts`("id", "at", "who", "name", "act", "object", "reason", "outcome", "is_for_log") SELECT "id", "at", "who", "name", "act", "object", "reason", "outcome", 0 FROM `acts`;--> statement-breakpoint
DROP TABLE `acts`;--> statement-breakpoint
ALTER TABLE `__new_acts` RENAME TO `acts`;--> statement-breakpoint
PRAGMA foreign_keys=ON;--> statement-breakpoint
CREATE INDEX `acts_for_log` ON `acts` (`id`) WHERE is_for_log = 1;