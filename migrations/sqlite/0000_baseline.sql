CREATE TABLE `accounts` (
	`id` text PRIMARY KEY NOT NULL,
	`api_id` text NOT NULL,
	`api_key` blob NOT NULL,
	`password_mode` text NOT NULL,
	`rate` real,
	`is_default` integer DEFAULT false NOT NULL,
	`partner_id` text,
	`created_at` integer NOT NULL,
	`removed_at` integer,
	`paused_at` integer,
	`pause_reason` text,
	`pause_code` integer,
	`unreachable_at` integer,
	`unreachable_error` text,
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
CREATE UNIQUE INDEX `accounts_api_id_unique` ON `accounts` (`api_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `accounts_default` ON `accounts` (`is_default`) WHERE is_default = 1;--> statement-breakpoint
CREATE TABLE `acts` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`at` integer NOT NULL,
	`who` text NOT NULL,
	`name` text NOT NULL,
	`act` text NOT NULL,
	`object` text,
	`reason` text,
	`changes` text,
	`outcome` text NOT NULL,
	CONSTRAINT "acts_outcome" CHECK(outcome IN ('begun', 'done', 'refused', 'failed'))
);
--> statement-breakpoint
CREATE TABLE `admin_tokens` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`role` text NOT NULL,
	`hash` blob NOT NULL,
	`created_at` integer NOT NULL,
	`last_used_at` integer,
	`expires_at` integer,
	`revoked_at` integer,
	CONSTRAINT "admin_tokens_role" CHECK(role IN ('read', 'operate', 'admin'))
);
--> statement-breakpoint
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
CREATE TABLE `bulk_acts` (
	`id` text PRIMARY KEY NOT NULL,
	`partner_id` text,
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
	`stepped_at` integer DEFAULT 0 NOT NULL,
	`probe_id` text,
	`probe_claims` integer DEFAULT 0 NOT NULL,
	`probed_at` integer,
	CONSTRAINT "bulk_acts_act" CHECK(act IN ('resend', 'cancel', 'poll')),
	CONSTRAINT "bulk_acts_state" CHECK(state IN ('draft', 'probing', 'running', 'stopped', 'done', 'failed'))
);
--> statement-breakpoint
CREATE INDEX `bulk_acts_owner` ON `bulk_acts` (`partner_id`,`id`);--> statement-breakpoint
CREATE INDEX `bulk_acts_open` ON `bulk_acts` (`stepped_at`,`id`) WHERE state IN ('probing', 'running');--> statement-breakpoint
CREATE TABLE `callbacks` (
	`partner_id` text NOT NULL,
	`callback_url` text NOT NULL,
	`state` text NOT NULL,
	`failing_since` integer NOT NULL,
	`attempts` integer NOT NULL,
	`last_error` text NOT NULL,
	`last_at` integer NOT NULL,
	`held_since` integer,
	`notice_due_at` integer,
	`notice_tries` integer DEFAULT 0 NOT NULL,
	PRIMARY KEY(`partner_id`, `callback_url`),
	CONSTRAINT "callbacks_state_known" CHECK(state IN ('watched', 'failing', 'disabled', 'gone', 'releasing'))
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `callbacks_state` ON `callbacks` (`state`,`last_at`) WHERE state <> 'watched';--> statement-breakpoint
CREATE INDEX `callbacks_held` ON `callbacks` (`partner_id`) WHERE held_since IS NOT NULL;--> statement-breakpoint
CREATE INDEX `callbacks_notice` ON `callbacks` (`notice_due_at`) WHERE notice_due_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `completion_bins` (
	`account_id` text NOT NULL,
	`bin` integer NOT NULL,
	`completions` real NOT NULL,
	`exposure_ms` real NOT NULL,
	PRIMARY KEY(`account_id`, `bin`),
	CONSTRAINT "completion_bins_counts" CHECK(completions >= 0 AND exposure_ms >= 0)
);
--> statement-breakpoint
CREATE TABLE `counts` (
	`what` text NOT NULL,
	`owner` text NOT NULL,
	`n` integer NOT NULL,
	PRIMARY KEY(`owner`, `what`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `deliveries` (
	`seq` integer PRIMARY KEY NOT NULL,
	`partner_id` text NOT NULL,
	`registration_id` text NOT NULL,
	`lane_id` integer NOT NULL,
	`callback_url` text NOT NULL,
	`state` text DEFAULT 'pending' NOT NULL,
	`due_at` integer,
	`claimed_at` integer,
	`claims` integer DEFAULT 0 NOT NULL,
	`fence` integer DEFAULT 0 NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL,
	`unrecorded` integer DEFAULT 0 NOT NULL,
	`retries` integer DEFAULT 0 NOT NULL,
	CONSTRAINT "deliveries_state" CHECK(state IN ('pending', 'exhausted')),
	CONSTRAINT "deliveries_ended" CHECK(state = 'pending' OR due_at IS NULL),
	CONSTRAINT "deliveries_claimed" CHECK(claimed_at IS NULL OR due_at IS NOT NULL)
);
--> statement-breakpoint
CREATE INDEX `deliveries_due` ON `deliveries` (`lane_id`,`due_at`) WHERE due_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `deliveries_open` ON `deliveries` (`partner_id`,`state`,`registration_id`);--> statement-breakpoint
CREATE INDEX `deliveries_failed` ON `deliveries` (`registration_id`) WHERE state = 'exhausted' OR attempts > 0;--> statement-breakpoint
CREATE INDEX `deliveries_given_up` ON `deliveries` (`state`,`registration_id`) WHERE state = 'exhausted';--> statement-breakpoint
CREATE INDEX `deliveries_held_for_url` ON `deliveries` (`partner_id`,`callback_url`) WHERE state = 'pending' AND due_at IS NULL;--> statement-breakpoint
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
CREATE INDEX `lanes_due_of_kind` ON `lanes` (`partner_id`,`slow`,`proven`,`due_at`) WHERE due_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `lanes_first` ON `lanes` (`due_at`) WHERE due_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `message_bodies` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`partner_id` text NOT NULL,
	`event` integer NOT NULL,
	`registration_id` text NOT NULL,
	`lane_id` integer NOT NULL,
	`callback_url` text NOT NULL,
	`type` text NOT NULL,
	`body` blob NOT NULL,
	`created_at` integer NOT NULL,
	`traceparent` text,
	`claims` integer DEFAULT 1 NOT NULL,
	`fence` integer DEFAULT 0 NOT NULL,
	`attempts` integer DEFAULT 1 NOT NULL,
	`unrecorded` integer DEFAULT 0 NOT NULL,
	`retries` integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `message_bodies_event` ON `message_bodies` (`partner_id`,`event`);--> statement-breakpoint
CREATE UNIQUE INDEX `message_bodies_registration` ON `message_bodies` (`registration_id`);--> statement-breakpoint
CREATE TABLE `meta` (
	`key` text PRIMARY KEY NOT NULL,
	`value` blob NOT NULL
);
--> statement-breakpoint
CREATE TABLE `nodes` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`version` text NOT NULL,
	`settings` text NOT NULL,
	`roles` text NOT NULL,
	`key` text NOT NULL,
	`started_at` integer NOT NULL,
	`seen_at` integer NOT NULL,
	`steady_at` integer NOT NULL,
	`lost_at` integer,
	`clock_ahead_ms` integer
);
--> statement-breakpoint
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
	CONSTRAINT "operator_events_state" CHECK(state IN ('firing', 'resolved')),
	CONSTRAINT "operator_events_told" CHECK(told_state IN ('firing', 'resolved'))
);
--> statement-breakpoint
CREATE UNIQUE INDEX `operator_events_subject` ON `operator_events` (`condition`,`subject`);--> statement-breakpoint
CREATE INDEX `operator_events_due` ON `operator_events` (`due_at`) WHERE due_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `partners` (
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
CREATE INDEX `partners_disabled` ON `partners` (`id`) WHERE disabled;--> statement-breakpoint
CREATE TABLE `registrations` (
	`verification_id` integer NOT NULL,
	`n` integer NOT NULL,
	`id` text NOT NULL,
	`partner_id` text NOT NULL,
	`callback_url` text NOT NULL,
	`lane_id` integer NOT NULL,
	`metadata` blob NOT NULL,
	`status` text NOT NULL,
	`reason` text,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`resolved_at` integer,
	`message_seq` integer,
	`traceparent` text,
	PRIMARY KEY(`verification_id`, `n`),
	CONSTRAINT "registrations_status" CHECK(status IN ('pending', 'succeeded', 'failed', 'unresolved', 'cancelled')),
	CONSTRAINT "registrations_ended" CHECK((status = 'pending') = (resolved_at IS NULL))
) WITHOUT ROWID;
--> statement-breakpoint
CREATE UNIQUE INDEX `registrations_id_unique` ON `registrations` (`id`);--> statement-breakpoint
CREATE INDEX `registrations_list` ON `registrations` (`partner_id`,`status`,`id`);--> statement-breakpoint
CREATE INDEX `registrations_lane` ON `registrations` (`lane_id`);--> statement-breakpoint
CREATE INDEX `registrations_ended` ON `registrations` (`resolved_at`,`id`) WHERE resolved_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `signing_secrets` (
	`id` text PRIMARY KEY NOT NULL,
	`partner_id` text NOT NULL,
	`type` text NOT NULL,
	`secret` blob NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer,
	CONSTRAINT "signing_secrets_type" CHECK(type IN ('v1', 'v1a'))
);
--> statement-breakpoint
CREATE INDEX `signing_secrets_partner` ON `signing_secrets` (`partner_id`);--> statement-breakpoint
CREATE INDEX `signing_secrets_ended` ON `signing_secrets` (`expires_at`) WHERE expires_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `verifications` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`account_id` text NOT NULL,
	`partner_id` text NOT NULL,
	`idcardid` text NOT NULL,
	`serial_key` text,
	`created_at` integer NOT NULL,
	`nudged_at` integer NOT NULL,
	`queue` integer DEFAULT 1 NOT NULL,
	`due_at` integer,
	`claimed_at` integer,
	`claims` integer DEFAULT 0 NOT NULL,
	`polls` integer DEFAULT 0 NOT NULL,
	`last_polled_at` integer,
	`last_answer` text,
	`last_code` integer,
	`raw_status` text,
	`last_open_at` integer,
	`failures` integer DEFAULT 0 NOT NULL,
	`failing_since` integer,
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
CREATE UNIQUE INDEX `verifications_serial` ON `verifications` (`idcardid`,`account_id`);--> statement-breakpoint
CREATE INDEX `verifications_key` ON `verifications` (`serial_key`,`account_id`) WHERE serial_key IS NOT NULL;--> statement-breakpoint
CREATE INDEX `verifications_due` ON `verifications` (`account_id`,`partner_id`,`queue`,`due_at`,`last_polled_at`) WHERE due_at IS NOT NULL;--> statement-breakpoint
CREATE VIEW `messages` AS
SELECT b.seq, b.partner_id, b.event, b.registration_id, b.lane_id, b.callback_url, b.type, b.body, b.created_at, b.traceparent,
	coalesce(d.state, 'delivered') AS state, d.due_at, d.claimed_at, coalesce(d.claims, b.claims) AS claims,
	coalesce(d.fence, b.fence) AS fence, coalesce(d.attempts, b.attempts) AS attempts,
	coalesce(d.unrecorded, b.unrecorded) AS unrecorded, coalesce(d.retries, b.retries) AS retries
FROM `message_bodies` b LEFT JOIN `deliveries` d ON d.seq = b.seq;--> statement-breakpoint
CREATE VIEW `current_counts` AS SELECT what, owner, n FROM `counts`;--> statement-breakpoint
-- A row is counted in one state, or in none. These counts are always there, so that triggers only change them.
INSERT INTO `counts` (`what`, `owner`, `n`) VALUES ('messages_waiting', '', 0), ('messages_leased', '', 0), ('messages_held', '', 0);--> statement-breakpoint
CREATE TRIGGER `deliveries_counted_at_insert` AFTER INSERT ON `deliveries` BEGIN
	UPDATE `counts` SET n = n + 1 WHERE owner = '' AND what = CASE WHEN NEW.claimed_at IS NOT NULL THEN 'messages_leased' WHEN NEW.due_at IS NOT NULL THEN 'messages_waiting'
		WHEN NEW.state = 'pending' THEN 'messages_held' END;
END;--> statement-breakpoint
CREATE TRIGGER `deliveries_counted_at_update` AFTER UPDATE OF `state`, `due_at`, `claimed_at` ON `deliveries`
WHEN OLD.state <> NEW.state OR (OLD.due_at IS NULL) <> (NEW.due_at IS NULL) OR (OLD.claimed_at IS NULL) <> (NEW.claimed_at IS NULL) BEGIN
	UPDATE `counts` SET n = n - 1 WHERE owner = '' AND what = CASE WHEN OLD.claimed_at IS NOT NULL THEN 'messages_leased' WHEN OLD.due_at IS NOT NULL THEN 'messages_waiting'
		WHEN OLD.state = 'pending' THEN 'messages_held' END;
	UPDATE `counts` SET n = n + 1 WHERE owner = '' AND what = CASE WHEN NEW.claimed_at IS NOT NULL THEN 'messages_leased' WHEN NEW.due_at IS NOT NULL THEN 'messages_waiting'
		WHEN NEW.state = 'pending' THEN 'messages_held' END;
END;--> statement-breakpoint
CREATE TRIGGER `deliveries_counted_at_delete` AFTER DELETE ON `deliveries` BEGIN
	UPDATE `counts` SET n = n - 1 WHERE owner = '' AND what = CASE WHEN OLD.claimed_at IS NOT NULL THEN 'messages_leased' WHEN OLD.due_at IS NOT NULL THEN 'messages_waiting'
		WHEN OLD.state = 'pending' THEN 'messages_held' END;
END;--> statement-breakpoint
CREATE TRIGGER `lanes_counted_at_insert` AFTER INSERT ON `lanes` BEGIN
	INSERT INTO `counts` VALUES ('partner_hosts', NEW.partner_id, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;--> statement-breakpoint
CREATE TRIGGER `lanes_counted_at_delete` AFTER DELETE ON `lanes` BEGIN
	UPDATE `counts` SET n = n - 1 WHERE what = 'partner_hosts' AND owner = OLD.partner_id;
END;--> statement-breakpoint
CREATE TRIGGER `registrations_counted_at_insert` AFTER INSERT ON `registrations` BEGIN
	INSERT INTO `counts` VALUES ('partner_pending', NEW.partner_id, NEW.status = 'pending') ON CONFLICT DO UPDATE SET n = n + excluded.n;
	INSERT INTO `counts` VALUES ('partner_hour', NEW.partner_id || ' ' || (NEW.created_at / 3600000), 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;--> statement-breakpoint
CREATE TRIGGER `registrations_counted_at_update` AFTER UPDATE OF `status` ON `registrations`
WHEN (OLD.status = 'pending') <> (NEW.status = 'pending') BEGIN
	UPDATE `counts` SET n = n + (NEW.status = 'pending') - (OLD.status = 'pending') WHERE what = 'partner_pending' AND owner = NEW.partner_id;
END;--> statement-breakpoint
CREATE TRIGGER `registrations_counted_at_delete` AFTER DELETE ON `registrations` BEGIN
	UPDATE `counts` SET n = n - (OLD.status = 'pending') WHERE what = 'partner_pending' AND owner = OLD.partner_id;
	UPDATE `counts` SET n = n - 1 WHERE what = 'partner_hour' AND owner = OLD.partner_id || ' ' || (OLD.created_at / 3600000);
	DELETE FROM `counts` WHERE what = 'partner_hour' AND owner = OLD.partner_id || ' ' || (OLD.created_at / 3600000) AND n <= 0;
END;--> statement-breakpoint
CREATE TRIGGER `verifications_counted_at_insert` AFTER INSERT ON `verifications` WHEN NEW.due_at IS NOT NULL BEGIN
	INSERT INTO `counts` VALUES (CASE WHEN NEW.claimed_at IS NOT NULL THEN 'verifications_leased' WHEN NEW.due_at IS NOT NULL THEN 'verifications_waiting' END, NEW.account_id, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;--> statement-breakpoint
CREATE TRIGGER `verifications_counted_at_update` AFTER UPDATE OF `due_at`, `claimed_at` ON `verifications`
WHEN (OLD.due_at IS NULL) <> (NEW.due_at IS NULL) OR (OLD.claimed_at IS NULL) <> (NEW.claimed_at IS NULL) BEGIN
	UPDATE `counts` SET n = n - 1 WHERE owner = OLD.account_id AND what = CASE WHEN OLD.claimed_at IS NOT NULL THEN 'verifications_leased' WHEN OLD.due_at IS NOT NULL THEN 'verifications_waiting' END;
	INSERT INTO `counts` SELECT CASE WHEN NEW.claimed_at IS NOT NULL THEN 'verifications_leased' WHEN NEW.due_at IS NOT NULL THEN 'verifications_waiting' END, NEW.account_id, 1
		WHERE NEW.due_at IS NOT NULL ON CONFLICT DO UPDATE SET n = n + 1;
END;--> statement-breakpoint
CREATE TRIGGER `verifications_counted_at_delete` AFTER DELETE ON `verifications` WHEN OLD.due_at IS NOT NULL BEGIN
	UPDATE `counts` SET n = n - 1 WHERE owner = OLD.account_id AND what = CASE WHEN OLD.claimed_at IS NOT NULL THEN 'verifications_leased' WHEN OLD.due_at IS NOT NULL THEN 'verifications_waiting' END;
END;
