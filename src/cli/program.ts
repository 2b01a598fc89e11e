import { GROUPS, SECTIONS } from './commands.ts'
import { languageFor } from './frame/language.ts'
import { buildProgram, callOf } from './frame/program.ts'

/** Runs the command that was typed. */
export const runCommand = async (): Promise<void> => {
  // What it makes is for its user alone: the database, its log, its key, backups.
  process.umask(0o077)
  const language = languageFor(process.argv.slice(2), process.env)
  await buildProgram(SECTIONS, GROUPS, { language, call: callOf(process.env) }).parseAsync()
}
