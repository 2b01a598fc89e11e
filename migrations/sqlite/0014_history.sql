CREATE TABLE `history` (
	`kind` text NOT NULL,
	`at` integer NOT NULL,
	`data` text NOT NULL,
	PRIMARY KEY(`kind`, `at`),
	CONSTRAINT "history_kind" CHECK(kind IN ('minute', 'hour', 'start'))
) WITHOUT ROWID;
