CREATE TABLE `operator_events` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`condition` text NOT NULL,
	`subject` text NOT NULL,
	`state` text NOT NULL,
	`since` integer NOT NULL,
	`at` integer NOT NULL,
	`count` integer NOT NULL,
	`details` text NOT NULL,
	`told_state` text,
	`told_at` integer,
	`due_at` integer,
	`claims` integer DEFAULT 0 NOT NULL,
	`tries` integer DEFAULT 0 NOT NULL,
	CONSTRAINT "operator_events_state" CHECK(state IN ('firing', 'resolved')),
	CONSTRAINT "operator_events_told" CHECK(told_state IN ('firing', 'resolved'))
);
--> statement-breakpoint
CREATE UNIQUE INDEX `operator_events_subject` ON `operator_events` (`condition`,`subject`);--> statement-breakpoint
CREATE INDEX `operator_events_due` ON `operator_events` (`due_at`) WHERE due_at IS NOT NULL;