ALTER TABLE `verifications` ADD `serial_key` text;--> statement-breakpoint
-- Leading digits without leading zeros, as `serialKey` says, of those for which that is another text.
UPDATE `verifications` SET `serial_key` = coalesce(nullif(ltrim(substr(`idcardid`, 1, length(`idcardid`) - length(ltrim(`idcardid`, '0123456789'))), '0'), ''), '0') WHERE `idcardid` GLOB '[0-9]*' AND (`idcardid` GLOB '0?*' OR `idcardid` GLOB '*[^0-9]*');--> statement-breakpoint
CREATE INDEX `verifications_key` ON `verifications` (`serial_key`,`account_id`) WHERE serial_key IS NOT NULL;
