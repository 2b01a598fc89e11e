import type Database from 'better-sqlite3'
import { type ActEnd, COMMAND, type CommandUser } from '../operators/acts.ts'

type FileAct = CommandUser & { act: string; outcome: ActEnd; at: number }

/** Records what a command did that opens no store. */
export const insertFileAct = (client: Database.Database, act: FileAct): void => {
  client
    .prepare<FileAct & { who: string }>(`
      INSERT INTO acts (at, who, name, act, reason, outcome) VALUES (@at, @who, @name, @act, @reason, @outcome)`)
    .run({ ...act, who: COMMAND })
}
