CREATE TABLE `message_counts` (
	`waiting` integer DEFAULT 0 NOT NULL,
	`leased` integer DEFAULT 0 NOT NULL,
	`held` integer DEFAULT 0 NOT NULL,
	`delivered` integer DEFAULT 0 NOT NULL,
	`exhausted` integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE `registration_counts` (
	`pending` integer DEFAULT 0 NOT NULL,
	`succeeded` integer DEFAULT 0 NOT NULL,
	`failed` integer DEFAULT 0 NOT NULL,
	`unresolved` integer DEFAULT 0 NOT NULL,
	`cancelled` integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE `verification_counts` (
	`account_id` text PRIMARY KEY NOT NULL,
	`waiting` integer DEFAULT 0 NOT NULL,
	`leased` integer DEFAULT 0 NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
-- The counts are there already. All that one change may concern is in one row, so that it costs one write: a row for each state cost twice as much.
INSERT INTO `verification_counts` (`account_id`, `waiting`, `leased`)
	SELECT `scope`, total(`value`) FILTER (WHERE `name` = 'verifications_waiting'), total(`value`) FILTER (WHERE `name` = 'verifications_leased')
	FROM `counters` WHERE `name` IN ('verifications_waiting', 'verifications_leased') GROUP BY `scope`;
--> statement-breakpoint
INSERT INTO `registration_counts` (`pending`, `succeeded`, `failed`, `unresolved`, `cancelled`)
	SELECT total(`value`) FILTER (WHERE `scope` = 'pending'), total(`value`) FILTER (WHERE `scope` = 'succeeded'), total(`value`) FILTER (WHERE `scope` = 'failed'), total(`value`) FILTER (WHERE `scope` = 'unresolved'), total(`value`) FILTER (WHERE `scope` = 'cancelled')
	FROM `counters` WHERE `name` = 'registrations';
--> statement-breakpoint
INSERT INTO `message_counts` (`waiting`, `leased`, `held`, `delivered`, `exhausted`)
	SELECT total(`value`) FILTER (WHERE `scope` = 'waiting'), total(`value`) FILTER (WHERE `scope` = 'leased'), total(`value`) FILTER (WHERE `scope` = 'held'), total(`value`) FILTER (WHERE `scope` = 'delivered'), total(`value`) FILTER (WHERE `scope` = 'exhausted')
	FROM `counters` WHERE `name` = 'messages';
--> statement-breakpoint
DROP TRIGGER `verifications_waiting_added`;
--> statement-breakpoint
DROP TRIGGER `verifications_waiting_changed`;
--> statement-breakpoint
DROP TRIGGER `verifications_waiting_removed`;
--> statement-breakpoint
DROP TRIGGER `verifications_leased_added`;
--> statement-breakpoint
DROP TRIGGER `verifications_leased_changed`;
--> statement-breakpoint
DROP TRIGGER `verifications_leased_removed`;
--> statement-breakpoint
DROP TRIGGER `registrations_added`;
--> statement-breakpoint
DROP TRIGGER `registrations_changed`;
--> statement-breakpoint
DROP TRIGGER `registrations_removed`;
--> statement-breakpoint
DROP TRIGGER `messages_added`;
--> statement-breakpoint
DROP TRIGGER `messages_changed`;
--> statement-breakpoint
DROP TRIGGER `messages_removed`;
--> statement-breakpoint
DROP TABLE `counters`;
--> statement-breakpoint
CREATE TRIGGER `verifications_added` AFTER INSERT ON `verifications` BEGIN
	INSERT INTO `verification_counts` VALUES (NEW.`account_id`, NEW.`due_at` IS NOT NULL, NEW.`claimed_at` IS NOT NULL)
		ON CONFLICT DO UPDATE SET `waiting` = `waiting` + excluded.`waiting`, `leased` = `leased` + excluded.`leased`;
END;
--> statement-breakpoint
CREATE TRIGGER `verifications_changed` AFTER UPDATE OF `due_at`, `claimed_at` ON `verifications`
WHEN (OLD.`due_at` IS NULL) <> (NEW.`due_at` IS NULL) OR (OLD.`claimed_at` IS NULL) <> (NEW.`claimed_at` IS NULL) BEGIN
	UPDATE `verification_counts` SET `waiting` = `waiting` + (NEW.`due_at` IS NOT NULL) - (OLD.`due_at` IS NOT NULL),
		`leased` = `leased` + (NEW.`claimed_at` IS NOT NULL) - (OLD.`claimed_at` IS NOT NULL)
		WHERE `account_id` = NEW.`account_id`;
END;
--> statement-breakpoint
CREATE TRIGGER `verifications_removed` AFTER DELETE ON `verifications` BEGIN
	UPDATE `verification_counts` SET `waiting` = `waiting` - (OLD.`due_at` IS NOT NULL),
		`leased` = `leased` - (OLD.`claimed_at` IS NOT NULL)
		WHERE `account_id` = OLD.`account_id`;
END;
--> statement-breakpoint
CREATE TRIGGER `registrations_added` AFTER INSERT ON `registrations` BEGIN
	UPDATE `registration_counts` SET `pending` = `pending` + (NEW.`status` = 'pending'),
		`succeeded` = `succeeded` + (NEW.`status` = 'succeeded'),
		`failed` = `failed` + (NEW.`status` = 'failed'),
		`unresolved` = `unresolved` + (NEW.`status` = 'unresolved'),
		`cancelled` = `cancelled` + (NEW.`status` = 'cancelled');
END;
--> statement-breakpoint
CREATE TRIGGER `registrations_changed` AFTER UPDATE OF `status` ON `registrations`
WHEN OLD.`status` <> NEW.`status` BEGIN
	UPDATE `registration_counts` SET `pending` = `pending` + (NEW.`status` = 'pending') - (OLD.`status` = 'pending'),
		`succeeded` = `succeeded` + (NEW.`status` = 'succeeded') - (OLD.`status` = 'succeeded'),
		`failed` = `failed` + (NEW.`status` = 'failed') - (OLD.`status` = 'failed'),
		`unresolved` = `unresolved` + (NEW.`status` = 'unresolved') - (OLD.`status` = 'unresolved'),
		`cancelled` = `cancelled` + (NEW.`status` = 'cancelled') - (OLD.`status` = 'cancelled');
END;
--> statement-breakpoint
CREATE TRIGGER `registrations_removed` AFTER DELETE ON `registrations` BEGIN
	UPDATE `registration_counts` SET `pending` = `pending` - (OLD.`status` = 'pending'),
		`succeeded` = `succeeded` - (OLD.`status` = 'succeeded'),
		`failed` = `failed` - (OLD.`status` = 'failed'),
		`unresolved` = `unresolved` - (OLD.`status` = 'unresolved'),
		`cancelled` = `cancelled` - (OLD.`status` = 'cancelled');
END;
--> statement-breakpoint
CREATE TRIGGER `messages_added` AFTER INSERT ON `messages` BEGIN
	UPDATE `message_counts` SET `waiting` = `waiting` + (NEW.`due_at` IS NOT NULL AND NEW.`claimed_at` IS NULL),
		`leased` = `leased` + (NEW.`claimed_at` IS NOT NULL),
		`held` = `held` + (NEW.`state` = 'pending' AND NEW.`due_at` IS NULL),
		`delivered` = `delivered` + (NEW.`state` = 'delivered'),
		`exhausted` = `exhausted` + (NEW.`state` = 'exhausted');
END;
--> statement-breakpoint
CREATE TRIGGER `messages_changed` AFTER UPDATE OF `state`, `due_at`, `claimed_at` ON `messages`
WHEN OLD.`state` <> NEW.`state` OR (OLD.`due_at` IS NULL) <> (NEW.`due_at` IS NULL) OR (OLD.`claimed_at` IS NULL) <> (NEW.`claimed_at` IS NULL) BEGIN
	UPDATE `message_counts` SET `waiting` = `waiting` + (NEW.`due_at` IS NOT NULL AND NEW.`claimed_at` IS NULL) - (OLD.`due_at` IS NOT NULL AND OLD.`claimed_at` IS NULL),
		`leased` = `leased` + (NEW.`claimed_at` IS NOT NULL) - (OLD.`claimed_at` IS NOT NULL),
		`held` = `held` + (NEW.`state` = 'pending' AND NEW.`due_at` IS NULL) - (OLD.`state` = 'pending' AND OLD.`due_at` IS NULL),
		`delivered` = `delivered` + (NEW.`state` = 'delivered') - (OLD.`state` = 'delivered'),
		`exhausted` = `exhausted` + (NEW.`state` = 'exhausted') - (OLD.`state` = 'exhausted');
END;
--> statement-breakpoint
CREATE TRIGGER `messages_removed` AFTER DELETE ON `messages` BEGIN
	UPDATE `message_counts` SET `waiting` = `waiting` - (OLD.`due_at` IS NOT NULL AND OLD.`claimed_at` IS NULL),
		`leased` = `leased` - (OLD.`claimed_at` IS NOT NULL),
		`held` = `held` - (OLD.`state` = 'pending' AND OLD.`due_at` IS NULL),
		`delivered` = `delivered` - (OLD.`state` = 'delivered'),
		`exhausted` = `exhausted` - (OLD.`state` = 'exhausted');
END;
