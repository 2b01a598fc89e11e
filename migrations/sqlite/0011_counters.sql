CREATE TABLE `counters` (
	`name` text NOT NULL,
	`scope` text NOT NULL,
	`value` integer DEFAULT 0 NOT NULL,
	PRIMARY KEY(`name`, `scope`)
) WITHOUT ROWID;
--> statement-breakpoint
-- What is counted from here on is kept by the triggers below. They fire only where a row comes into another state.
INSERT INTO `counters` SELECT 'verifications_waiting', `account_id`, count(*) FROM `verifications` WHERE `due_at` IS NOT NULL GROUP BY `account_id`;
--> statement-breakpoint
INSERT INTO `counters` SELECT 'verifications_leased', `account_id`, count(`claimed_at`) FROM `verifications` WHERE `due_at` IS NOT NULL GROUP BY `account_id`;
--> statement-breakpoint
INSERT INTO `counters` SELECT 'registrations', `status`, count(*) FROM `registrations` GROUP BY `status`;
--> statement-breakpoint
INSERT INTO `counters` SELECT 'messages', CASE WHEN `messages`.`state` <> 'pending' THEN `messages`.`state` WHEN `messages`.`due_at` IS NULL THEN 'held' WHEN `messages`.`claimed_at` IS NULL THEN 'waiting' ELSE 'leased' END AS `class`, count(*) FROM `messages` GROUP BY `class`;
--> statement-breakpoint
CREATE TRIGGER `verifications_waiting_added` AFTER INSERT ON `verifications` WHEN NEW.`due_at` IS NOT NULL BEGIN
	INSERT INTO `counters` VALUES ('verifications_waiting', NEW.`account_id`, 1) ON CONFLICT DO UPDATE SET `value` = `value` + excluded.`value`;
END;
--> statement-breakpoint
CREATE TRIGGER `verifications_waiting_changed` AFTER UPDATE OF `due_at` ON `verifications` WHEN (OLD.`due_at` IS NULL) <> (NEW.`due_at` IS NULL) BEGIN
	INSERT INTO `counters` VALUES ('verifications_waiting', NEW.`account_id`, (OLD.`due_at` IS NULL) - (NEW.`due_at` IS NULL)) ON CONFLICT DO UPDATE SET `value` = `value` + excluded.`value`;
END;
--> statement-breakpoint
CREATE TRIGGER `verifications_waiting_removed` AFTER DELETE ON `verifications` WHEN OLD.`due_at` IS NOT NULL BEGIN
	INSERT INTO `counters` VALUES ('verifications_waiting', OLD.`account_id`, -1) ON CONFLICT DO UPDATE SET `value` = `value` + excluded.`value`;
END;
--> statement-breakpoint
CREATE TRIGGER `verifications_leased_added` AFTER INSERT ON `verifications` WHEN NEW.`claimed_at` IS NOT NULL BEGIN
	INSERT INTO `counters` VALUES ('verifications_leased', NEW.`account_id`, 1) ON CONFLICT DO UPDATE SET `value` = `value` + excluded.`value`;
END;
--> statement-breakpoint
CREATE TRIGGER `verifications_leased_changed` AFTER UPDATE OF `claimed_at` ON `verifications` WHEN (OLD.`claimed_at` IS NULL) <> (NEW.`claimed_at` IS NULL) BEGIN
	INSERT INTO `counters` VALUES ('verifications_leased', NEW.`account_id`, (OLD.`claimed_at` IS NULL) - (NEW.`claimed_at` IS NULL)) ON CONFLICT DO UPDATE SET `value` = `value` + excluded.`value`;
END;
--> statement-breakpoint
CREATE TRIGGER `verifications_leased_removed` AFTER DELETE ON `verifications` WHEN OLD.`claimed_at` IS NOT NULL BEGIN
	INSERT INTO `counters` VALUES ('verifications_leased', OLD.`account_id`, -1) ON CONFLICT DO UPDATE SET `value` = `value` + excluded.`value`;
END;
--> statement-breakpoint
CREATE TRIGGER `registrations_added` AFTER INSERT ON `registrations` BEGIN
	INSERT INTO `counters` VALUES ('registrations', NEW.`status`, 1) ON CONFLICT DO UPDATE SET `value` = `value` + excluded.`value`;
END;
--> statement-breakpoint
CREATE TRIGGER `registrations_changed` AFTER UPDATE OF `status` ON `registrations` WHEN OLD.`status` <> NEW.`status` BEGIN
	INSERT INTO `counters` VALUES ('registrations', OLD.`status`, -1) ON CONFLICT DO UPDATE SET `value` = `value` + excluded.`value`;
	INSERT INTO `counters` VALUES ('registrations', NEW.`status`, 1) ON CONFLICT DO UPDATE SET `value` = `value` + excluded.`value`;
END;
--> statement-breakpoint
CREATE TRIGGER `registrations_removed` AFTER DELETE ON `registrations` BEGIN
	INSERT INTO `counters` VALUES ('registrations', OLD.`status`, -1) ON CONFLICT DO UPDATE SET `value` = `value` + excluded.`value`;
END;
--> statement-breakpoint
CREATE TRIGGER `messages_added` AFTER INSERT ON `messages` BEGIN
	INSERT INTO `counters` VALUES ('messages', CASE WHEN NEW.`state` <> 'pending' THEN NEW.`state` WHEN NEW.`due_at` IS NULL THEN 'held' WHEN NEW.`claimed_at` IS NULL THEN 'waiting' ELSE 'leased' END, 1) ON CONFLICT DO UPDATE SET `value` = `value` + excluded.`value`;
END;
--> statement-breakpoint
CREATE TRIGGER `messages_changed` AFTER UPDATE OF `state`, `due_at`, `claimed_at` ON `messages` WHEN OLD.`state` <> NEW.`state` OR (OLD.`due_at` IS NULL) <> (NEW.`due_at` IS NULL) OR (OLD.`claimed_at` IS NULL) <> (NEW.`claimed_at` IS NULL) BEGIN
	INSERT INTO `counters` VALUES ('messages', CASE WHEN OLD.`state` <> 'pending' THEN OLD.`state` WHEN OLD.`due_at` IS NULL THEN 'held' WHEN OLD.`claimed_at` IS NULL THEN 'waiting' ELSE 'leased' END, -1) ON CONFLICT DO UPDATE SET `value` = `value` + excluded.`value`;
	INSERT INTO `counters` VALUES ('messages', CASE WHEN NEW.`state` <> 'pending' THEN NEW.`state` WHEN NEW.`due_at` IS NULL THEN 'held' WHEN NEW.`claimed_at` IS NULL THEN 'waiting' ELSE 'leased' END, 1) ON CONFLICT DO UPDATE SET `value` = `value` + excluded.`value`;
END;
--> statement-breakpoint
CREATE TRIGGER `messages_removed` AFTER DELETE ON `messages` BEGIN
	INSERT INTO `counters` VALUES ('messages', CASE WHEN OLD.`state` <> 'pending' THEN OLD.`state` WHEN OLD.`due_at` IS NULL THEN 'held' WHEN OLD.`claimed_at` IS NULL THEN 'waiting' ELSE 'leased' END, -1) ON CONFLICT DO UPDATE SET `value` = `value` + excluded.`value`;
END;
