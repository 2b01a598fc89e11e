CREATE TABLE `partner_counts` (
	`partner_id` text PRIMARY KEY NOT NULL,
	`pending` integer DEFAULT 0 NOT NULL,
	`hosts` integer DEFAULT 0 NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `partner_hours` (
	`partner_id` text NOT NULL,
	`hour` integer NOT NULL,
	`registrations` integer DEFAULT 0 NOT NULL,
	PRIMARY KEY(`partner_id`, `hour`)
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `partner_counts` (`partner_id`, `pending`, `hosts`)
	SELECT `id`, (SELECT count(*) FROM `registrations` r WHERE r.`partner_id` = p.`id` AND r.`status` = 'pending'),
		(SELECT count(*) FROM `lanes` l WHERE l.`partner_id` = p.`id`)
	FROM `partners` p;
--> statement-breakpoint
INSERT INTO `partner_hours` (`partner_id`, `hour`, `registrations`)
	SELECT `partner_id`, `created_at` / 3600000, count(*) FROM `registrations` GROUP BY 1, 2;
--> statement-breakpoint
CREATE TRIGGER `registrations_of_partner_added` AFTER INSERT ON `registrations` BEGIN
	INSERT INTO `partner_counts` (`partner_id`, `pending`) VALUES (NEW.`partner_id`, NEW.`status` = 'pending')
		ON CONFLICT DO UPDATE SET `pending` = `pending` + excluded.`pending`;
	INSERT INTO `partner_hours` VALUES (NEW.`partner_id`, NEW.`created_at` / 3600000, 1)
		ON CONFLICT DO UPDATE SET `registrations` = `registrations` + 1;
END;
--> statement-breakpoint
CREATE TRIGGER `registrations_of_partner_changed` AFTER UPDATE OF `status` ON `registrations`
WHEN (OLD.`status` = 'pending') <> (NEW.`status` = 'pending') BEGIN
	UPDATE `partner_counts` SET `pending` = `pending` + (NEW.`status` = 'pending') - (OLD.`status` = 'pending')
		WHERE `partner_id` = NEW.`partner_id`;
END;
--> statement-breakpoint
CREATE TRIGGER `registrations_of_partner_removed` AFTER DELETE ON `registrations` BEGIN
	UPDATE `partner_counts` SET `pending` = `pending` - (OLD.`status` = 'pending') WHERE `partner_id` = OLD.`partner_id`;
	UPDATE `partner_hours` SET `registrations` = `registrations` - 1
		WHERE `partner_id` = OLD.`partner_id` AND `hour` = OLD.`created_at` / 3600000;
	DELETE FROM `partner_hours`
		WHERE `partner_id` = OLD.`partner_id` AND `hour` = OLD.`created_at` / 3600000 AND `registrations` <= 0;
END;
--> statement-breakpoint
CREATE TRIGGER `lanes_added` AFTER INSERT ON `lanes` BEGIN
	INSERT INTO `partner_counts` (`partner_id`, `hosts`) VALUES (NEW.`partner_id`, 1)
		ON CONFLICT DO UPDATE SET `hosts` = `hosts` + 1;
END;
--> statement-breakpoint
CREATE TRIGGER `lanes_removed` AFTER DELETE ON `lanes` BEGIN
	UPDATE `partner_counts` SET `hosts` = `hosts` - 1 WHERE `partner_id` = OLD.`partner_id`;
END;
