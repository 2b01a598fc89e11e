ALTER TABLE `bulk_acts` RENAME COLUMN "probe_attempts" TO "probe_claims";--> statement-breakpoint
UPDATE `bulk_acts` SET `probe_claims` = m.fence - 1 FROM `messages` m WHERE m.registration_id = `bulk_acts`.`probe_id`;
