DROP INDEX "lanes_first";--> statement-breakpoint
CREATE INDEX "lanes_first" ON "lanes" USING btree ("due_at") WHERE due_at >= 0;