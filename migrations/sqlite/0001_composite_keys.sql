-- Every number that an earlier version gave to a reader of events lies below: it numbered all partners' messages together.
CREATE TABLE `__new_partners` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`disabled` integer DEFAULT false NOT NULL,
	`payload` text DEFAULT 'full' NOT NULL,
	`max_pending` integer,
	`max_hosts` integer,
	`max_daily` integer,
	`created_at` integer NOT NULL,
	`events` integer DEFAULT 0 NOT NULL,
	CONSTRAINT "partners_payload" CHECK(payload IN ('full', 'thin')),
	CONSTRAINT "partners_quotas" CHECK(max_pending >= 0 AND max_hosts >= 0 AND max_daily >= 0)
);
--> statement-breakpoint
INSERT INTO `__new_partners` (`id`, `name`, `disabled`, `payload`, `max_pending`, `max_hosts`, `max_daily`, `created_at`, `events`)
SELECT `id`, `name`, `disabled`, `payload`, `max_pending`, `max_hosts`, `max_daily`, `created_at`, coalesce((SELECT `seq` FROM `sqlite_sequence` WHERE `name` = 'messages'), 0) FROM `partners`;
--> statement-breakpoint
DROP TABLE `partners`;
--> statement-breakpoint
ALTER TABLE `__new_partners` RENAME TO `partners`;
--> statement-breakpoint
CREATE TABLE `__new_signing_secrets` (
	`id` text PRIMARY KEY NOT NULL,
	`partner_id` text NOT NULL,
	`type` text NOT NULL,
	`secret` blob NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer,
	CONSTRAINT "signing_secrets_type" CHECK(type IN ('v1', 'v1a'))
);
--> statement-breakpoint
INSERT INTO `__new_signing_secrets` (`id`, `partner_id`, `type`, `secret`, `created_at`, `expires_at`)
SELECT `id`, `partner_id`, `type`, `secret`, `created_at`, `expires_at` FROM `signing_secrets`;
--> statement-breakpoint
DROP TABLE `signing_secrets`;
--> statement-breakpoint
ALTER TABLE `__new_signing_secrets` RENAME TO `signing_secrets`;
--> statement-breakpoint
CREATE INDEX `signing_secrets_partner` ON `signing_secrets` (`partner_id`);
--> statement-breakpoint
CREATE TABLE `__new_accounts` (
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
	`ramp_rate` real,
	CONSTRAINT "accounts_mode" CHECK(password_mode IN ('dynamic', 'static')),
	CONSTRAINT "accounts_paused" CHECK((paused_at IS NULL) = (pause_reason IS NULL)),
	CONSTRAINT "accounts_operator" CHECK(pause_reason IS NOT 'operator' OR probe_at IS NULL)
);
--> statement-breakpoint
INSERT INTO `__new_accounts` (`id`, `api_id`, `api_key`, `password_mode`, `rate`, `is_default`, `partner_id`, `created_at`, `paused_at`, `pause_reason`, `pause_code`, `probes`, `probe_at`, `allowed_at`, `ramp_at`, `ramp_rate`)
SELECT `id`, `api_id`, `api_key`, `password_mode`, `rate`, `is_default`, `partner_id`, `created_at`, `paused_at`, `pause_reason`, `pause_code`, `probes`, `probe_at`, `allowed_at`, `ramp_at`, `ramp_rate` FROM `accounts`;
--> statement-breakpoint
DROP TABLE `accounts`;
--> statement-breakpoint
ALTER TABLE `__new_accounts` RENAME TO `accounts`;
--> statement-breakpoint
CREATE UNIQUE INDEX `accounts_api_id_unique` ON `accounts` (`api_id`);
--> statement-breakpoint
CREATE UNIQUE INDEX `accounts_default` ON `accounts` (`is_default`) WHERE is_default = 1;
--> statement-breakpoint
CREATE TABLE `__new_completion_bins` (
	`account_id` text NOT NULL,
	`bin` integer NOT NULL,
	`completions` real NOT NULL,
	`exposure_ms` real NOT NULL,
	PRIMARY KEY(`account_id`, `bin`),
	CONSTRAINT "completion_bins_counts" CHECK(completions >= 0 AND exposure_ms >= 0)
);
--> statement-breakpoint
INSERT INTO `__new_completion_bins` (`account_id`, `bin`, `completions`, `exposure_ms`)
SELECT `account_id`, `bin`, `completions`, `exposure_ms` FROM `completion_bins`;
--> statement-breakpoint
DROP TABLE `completion_bins`;
--> statement-breakpoint
ALTER TABLE `__new_completion_bins` RENAME TO `completion_bins`;
--> statement-breakpoint
CREATE TABLE `__new_messages` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`partner_id` text NOT NULL,
	`event` integer NOT NULL,
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
	`retries` integer DEFAULT 0 NOT NULL,
	CONSTRAINT "messages_state" CHECK(state IN ('pending', 'delivered', 'exhausted')),
	CONSTRAINT "messages_ended" CHECK(state = 'pending' OR due_at IS NULL),
	CONSTRAINT "messages_claimed" CHECK(claimed_at IS NULL OR due_at IS NOT NULL)
);
--> statement-breakpoint
INSERT INTO `__new_messages` (`seq`, `partner_id`, `event`, `registration_id`, `lane_id`, `callback_url`, `type`, `body`, `created_at`, `state`, `due_at`, `claimed_at`, `claims`, `fence`, `attempts`, `retries`)
SELECT `seq`, `partner_id`, `seq`, `registration_id`, `lane_id`, `callback_url`, `type`, `body`, `created_at`, `state`, `due_at`, CASE WHEN `due_at` IS NULL THEN NULL ELSE `claimed_at` END, `claims`, `fence`, `attempts`, `retries` FROM `messages` ORDER BY `seq`;
--> statement-breakpoint
DELETE FROM `sqlite_sequence` WHERE `name` = '__new_messages';
--> statement-breakpoint
INSERT INTO `sqlite_sequence` (`name`, `seq`) SELECT '__new_messages', `seq` FROM `sqlite_sequence` WHERE `name` = 'messages';
--> statement-breakpoint
DROP TABLE `messages`;
--> statement-breakpoint
ALTER TABLE `__new_messages` RENAME TO `messages`;
--> statement-breakpoint
CREATE INDEX `messages_due` ON `messages` (`lane_id`,`due_at`) WHERE due_at IS NOT NULL;
--> statement-breakpoint
CREATE UNIQUE INDEX `messages_event` ON `messages` (`partner_id`,`event`);
--> statement-breakpoint
CREATE UNIQUE INDEX `messages_registration` ON `messages` (`registration_id`);
--> statement-breakpoint
CREATE INDEX `messages_open` ON `messages` (`partner_id`,`state`,`registration_id`) WHERE state <> 'delivered';
--> statement-breakpoint
CREATE INDEX `messages_held` ON `messages` (`partner_id`) WHERE state = 'pending' AND due_at IS NULL;
--> statement-breakpoint
CREATE TABLE `__new_verifications` (
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
	`previous_poll_at` integer,
	CONSTRAINT "verifications_resolved" CHECK(verdict IS NULL OR due_at IS NULL),
	CONSTRAINT "verifications_claimed" CHECK(claimed_at IS NULL OR due_at IS NOT NULL)
);
--> statement-breakpoint
INSERT INTO `__new_verifications` (`id`, `account_id`, `partner_id`, `idcardid`, `created_at`, `nudged_at`, `due_at`, `claimed_at`, `claims`, `polls`, `last_polled_at`, `last_answer`, `last_code`, `raw_status`, `failures`, `invalid_ids`, `gone_checks`, `seen`, `verdict`, `observed_at`, `previous_poll_at`)
SELECT `id`, `account_id`, `partner_id`, `idcardid`, `created_at`, `nudged_at`, CASE WHEN `verdict` IS NULL THEN `due_at` END, CASE WHEN `verdict` IS NULL AND `due_at` IS NOT NULL THEN `claimed_at` END, `claims`, `polls`, `last_polled_at`, `last_answer`, `last_code`, `raw_status`, `failures`, `invalid_ids`, `gone_checks`, `seen`, `verdict`, `observed_at`, `previous_poll_at` FROM `verifications` ORDER BY `id`;
--> statement-breakpoint
DELETE FROM `sqlite_sequence` WHERE `name` = '__new_verifications';
--> statement-breakpoint
INSERT INTO `sqlite_sequence` (`name`, `seq`) SELECT '__new_verifications', `seq` FROM `sqlite_sequence` WHERE `name` = 'verifications';
--> statement-breakpoint
DROP TABLE `verifications`;
--> statement-breakpoint
ALTER TABLE `__new_verifications` RENAME TO `verifications`;
--> statement-breakpoint
CREATE UNIQUE INDEX `verifications_serial` ON `verifications` (`idcardid`,`account_id`);
--> statement-breakpoint
CREATE INDEX `verifications_due` ON `verifications` (`account_id`,`partner_id`,`due_at`,`last_polled_at`) WHERE due_at IS NOT NULL;
--> statement-breakpoint
-- Until now `no` was verification × 1,000,000 + n, and of attempts message × 1,000,000 + n.
CREATE TABLE `__new_registrations` (
	`verification_id` integer NOT NULL,
	`n` integer NOT NULL,
	`id` text NOT NULL,
	`partner_id` text NOT NULL,
	`callback_url` text NOT NULL,
	`lane_id` integer NOT NULL,
	`metadata` text NOT NULL,
	`status` text NOT NULL,
	`reason` text,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`resolved_at` integer,
	`message_seq` integer,
	PRIMARY KEY(`verification_id`, `n`),
	CONSTRAINT "registrations_status" CHECK(status IN ('pending', 'succeeded', 'failed', 'unresolved', 'cancelled')),
	CONSTRAINT "registrations_ended" CHECK((status = 'pending') = (resolved_at IS NULL))
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `__new_registrations` (`verification_id`, `n`, `id`, `partner_id`, `callback_url`, `lane_id`, `metadata`, `status`, `reason`, `created_at`, `expires_at`, `resolved_at`, `message_seq`)
SELECT `verification_id`, `no` % 1000000, `id`, `partner_id`, `callback_url`, `lane_id`, `metadata`, `status`, `reason`, `created_at`, `expires_at`, `resolved_at`, `message_seq` FROM `registrations` ORDER BY `no`;
--> statement-breakpoint
DROP TABLE `registrations`;
--> statement-breakpoint
ALTER TABLE `__new_registrations` RENAME TO `registrations`;
--> statement-breakpoint
CREATE UNIQUE INDEX `registrations_id_unique` ON `registrations` (`id`);
--> statement-breakpoint
CREATE INDEX `registrations_list` ON `registrations` (`partner_id`,`status`,`id`);
--> statement-breakpoint
CREATE INDEX `registrations_resolved` ON `registrations` (`resolved_at`) WHERE resolved_at IS NOT NULL;
--> statement-breakpoint
CREATE TABLE `__new_attempts` (
	`message_seq` integer NOT NULL,
	`n` integer NOT NULL,
	`at` integer NOT NULL,
	`outcome` text NOT NULL,
	`http_status` integer,
	`error` text,
	`duration_ms` integer NOT NULL,
	`response_excerpt` text,
	PRIMARY KEY(`message_seq`, `n`),
	CONSTRAINT "attempts_outcome" CHECK(outcome IN ('delivered', 'rejected', 'gone', 'failed'))
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `__new_attempts` (`message_seq`, `n`, `at`, `outcome`, `http_status`, `error`, `duration_ms`, `response_excerpt`)
SELECT `no` / 1000000, `no` % 1000000, `at`, `outcome`, `http_status`, `error`, `duration_ms`, `response_excerpt` FROM `attempts` ORDER BY `no`;
--> statement-breakpoint
DROP TABLE `attempts`;
--> statement-breakpoint
ALTER TABLE `__new_attempts` RENAME TO `attempts`;
--> statement-breakpoint
DROP INDEX `lanes_due`;
--> statement-breakpoint
CREATE INDEX `lanes_first` ON `lanes` (`due_at`) WHERE due_at IS NOT NULL;
--> statement-breakpoint
CREATE INDEX `lanes_due` ON `lanes` (`partner_id`,`slow`,`due_at`) WHERE due_at IS NOT NULL;
