DROP INDEX `messages_held`;--> statement-breakpoint
CREATE INDEX `messages_held_for_url` ON `messages` (`partner_id`,`callback_url`) WHERE state = 'pending' AND due_at IS NULL;--> statement-breakpoint
ALTER TABLE `bulk_resends` ADD `looked` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `bulk_resends_open` ON `bulk_resends` (`looked`,`id`) WHERE done = 0;--> statement-breakpoint
ALTER TABLE `callback_pauses` ADD `lifted_until` integer;--> statement-breakpoint
CREATE INDEX `callback_pauses_lifted` ON `callback_pauses` (`lifted_until`) WHERE lifted_until IS NOT NULL;