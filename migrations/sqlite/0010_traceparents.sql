ALTER TABLE `messages` ADD `traceparent` text;--> statement-breakpoint
ALTER TABLE `registrations` ADD `traceparent` text;