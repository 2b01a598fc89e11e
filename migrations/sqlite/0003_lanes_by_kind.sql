DROP INDEX `lanes_due`;--> statement-breakpoint
CREATE INDEX `lanes_due_of_kind` ON `lanes` (`partner_id`,`slow`,`proven`,`due_at`) WHERE due_at IS NOT NULL;