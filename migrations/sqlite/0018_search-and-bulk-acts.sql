CREATE TABLE `bulk_acts` (
	`id` text PRIMARY KEY NOT NULL,
	`act` text NOT NULL,
	`filter` text NOT NULL,
	`reason` text NOT NULL,
	`who` text NOT NULL,
	`name` text NOT NULL,
	`probe` integer DEFAULT false NOT NULL,
	`count` integer NOT NULL,
	`count_is_capped` integer DEFAULT false NOT NULL,
	`state` text NOT NULL,
	`created_at` integer NOT NULL,
	`started_at` integer,
	`done_at_start` integer DEFAULT 0 NOT NULL,
	`ended_at` integer,
	`done` integer DEFAULT 0 NOT NULL,
	`error` text,
	`cursor` text,
	`looked` integer DEFAULT 0 NOT NULL,
	`probe_id` text,
	`probe_attempts` integer DEFAULT 0 NOT NULL,
	CONSTRAINT "bulk_acts_act" CHECK(act IN ('resend', 'cancel', 'poll')),
	CONSTRAINT "bulk_acts_state" CHECK(state IN ('draft', 'probing', 'running', 'stopped', 'done', 'failed'))
);
--> statement-breakpoint
CREATE INDEX `bulk_acts_open` ON `bulk_acts` (`looked`,`id`) WHERE state IN ('probing', 'running');--> statement-breakpoint
CREATE INDEX `messages_failed` ON `messages` (`registration_id`) WHERE state = 'exhausted' OR (state = 'pending' AND attempts > 0);