CREATE TABLE `accounts` (
	`id` text PRIMARY KEY NOT NULL,
	`api_id` text NOT NULL,
	`api_key` blob NOT NULL,
	`password_mode` text NOT NULL,
	`rate` real,
	`is_default` integer DEFAULT false NOT NULL,
	`partner_id` text,
	`created_at` integer NOT NULL,
	`paused_at` integer,
	`pause_reason` text,
	`pause_code` integer,
	`probes` integer DEFAULT 0 NOT NULL,
	`probe_at` integer,
	`allowed_at` real DEFAULT 0 NOT NULL,
	`ramp_at` integer,
	`ramp_rate` real
);
--> statement-breakpoint
CREATE UNIQUE INDEX `accounts_api_id_unique` ON `accounts` (`api_id`);--> statement-breakpoint
CREATE TABLE `api_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`partner_id` text NOT NULL,
	`hash` blob NOT NULL,
	`created_at` integer NOT NULL,
	`last_used_at` integer,
	`expires_at` integer,
	`revoked_at` integer
);
--> statement-breakpoint
CREATE INDEX `api_keys_partner` ON `api_keys` (`partner_id`);--> statement-breakpoint
CREATE TABLE `attempts` (
	`no` integer PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`outcome` text NOT NULL,
	`http_status` integer,
	`error` text,
	`duration_ms` integer NOT NULL,
	`response_excerpt` text
);
--> statement-breakpoint
CREATE TABLE `bulk_resends` (
	`id` text PRIMARY KEY NOT NULL,
	`partner_id` text NOT NULL,
	`since` integer NOT NULL,
	`until` integer NOT NULL,
	`count` integer NOT NULL,
	`resent` integer DEFAULT 0 NOT NULL,
	`cursor` text DEFAULT '' NOT NULL,
	`done` integer DEFAULT false NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `callback_pauses` (
	`partner_id` text NOT NULL,
	`callback_url` text NOT NULL,
	`since` integer NOT NULL,
	PRIMARY KEY(`partner_id`, `callback_url`)
);
--> statement-breakpoint
CREATE TABLE `completion_bins` (
	`account_id` text NOT NULL,
	`bin` integer NOT NULL,
	`completions` real NOT NULL,
	`exposure_ms` real NOT NULL,
	PRIMARY KEY(`account_id`, `bin`)
);
--> statement-breakpoint
CREATE TABLE `lanes` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`partner_id` text NOT NULL,
	`host` text NOT NULL,
	`due_at` integer,
	`strikes` integer DEFAULT 0 NOT NULL,
	`slow` integer DEFAULT false NOT NULL,
	`proven` integer DEFAULT false NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `lanes_host` ON `lanes` (`partner_id`,`host`);--> statement-breakpoint
CREATE INDEX `lanes_due` ON `lanes` (`slow`,`due_at`) WHERE due_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `messages` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`partner_id` text NOT NULL,
	`registration_id` text NOT NULL,
	`lane_id` integer NOT NULL,
	`callback_url` text NOT NULL,
	`type` text NOT NULL,
	`body` blob NOT NULL,
	`created_at` integer NOT NULL,
	`state` text NOT NULL,
	`due_at` integer,
	`claimed_at` integer,
	`claims` integer DEFAULT 0 NOT NULL,
	`fence` integer DEFAULT 0 NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL,
	`retries` integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE INDEX `messages_due` ON `messages` (`lane_id`,`due_at`) WHERE due_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `messages_list` ON `messages` (`partner_id`,`seq`);--> statement-breakpoint
CREATE INDEX `messages_open` ON `messages` (`partner_id`,`state`,`registration_id`) WHERE state <> 'delivered';--> statement-breakpoint
CREATE INDEX `messages_held` ON `messages` (`partner_id`) WHERE state = 'pending' AND due_at IS NULL;--> statement-breakpoint
CREATE TABLE `meta` (
	`key` text PRIMARY KEY NOT NULL,
	`value` blob NOT NULL
);
--> statement-breakpoint
CREATE TABLE `partners` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`disabled` integer DEFAULT false NOT NULL,
	`payload` text DEFAULT 'full' NOT NULL,
	`max_pending` integer,
	`max_hosts` integer,
	`max_daily` integer,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `registrations` (
	`no` integer PRIMARY KEY NOT NULL,
	`id` text NOT NULL,
	`partner_id` text NOT NULL,
	`verification_id` integer NOT NULL,
	`callback_url` text NOT NULL,
	`lane_id` integer NOT NULL,
	`metadata` text NOT NULL,
	`status` text NOT NULL,
	`reason` text,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`resolved_at` integer,
	`message_seq` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `registrations_id_unique` ON `registrations` (`id`);--> statement-breakpoint
CREATE INDEX `registrations_list` ON `registrations` (`partner_id`,`status`,`id`);--> statement-breakpoint
CREATE INDEX `registrations_resolved` ON `registrations` (`resolved_at`) WHERE resolved_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `signing_secrets` (
	`id` text PRIMARY KEY NOT NULL,
	`partner_id` text NOT NULL,
	`type` text NOT NULL,
	`secret` blob NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer
);
--> statement-breakpoint
CREATE INDEX `signing_secrets_partner` ON `signing_secrets` (`partner_id`);--> statement-breakpoint
CREATE TABLE `verifications` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`account_id` text NOT NULL,
	`partner_id` text NOT NULL,
	`idcardid` text NOT NULL,
	`created_at` integer NOT NULL,
	`nudged_at` integer NOT NULL,
	`due_at` integer,
	`claimed_at` integer,
	`claims` integer DEFAULT 0 NOT NULL,
	`polls` integer DEFAULT 0 NOT NULL,
	`last_polled_at` integer,
	`last_answer` text,
	`last_code` integer,
	`raw_status` text,
	`failures` integer DEFAULT 0 NOT NULL,
	`invalid_ids` integer DEFAULT 0 NOT NULL,
	`gone_checks` integer DEFAULT 0 NOT NULL,
	`seen` integer DEFAULT false NOT NULL,
	`verdict` blob,
	`observed_at` integer,
	`previous_poll_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `verifications_serial` ON `verifications` (`idcardid`,`account_id`);--> statement-breakpoint
CREATE INDEX `verifications_due` ON `verifications` (`account_id`,`partner_id`,`due_at`,`last_polled_at`) WHERE due_at IS NOT NULL;