import { createInterface } from 'node:readline/promises'
import { clock, random } from '../app/clock-and-ids.ts'
import { StartError } from '../core/error.ts'
import type { Language } from '../core/language.ts'
import { BackupError } from '../store/backup-problem.ts'
import { makeBackup, openRestore } from '../store/backups.ts'
import { userName } from './audit.ts'
import { problemText } from './backup-problem-texts.ts'
import { backupTexts } from './backup-texts.ts'
import { fail, loadConfig, print, reasonOf, refuse, refuseToOpen } from './environment.ts'
import type { Common } from './frame/command.ts'
import { callOf } from './frame/program.ts'

type RestoreInput = Common & { file: string; yes: boolean; hold: boolean }

/** What makes the user's own wishes impossible ends with 2, what failed on the way with 1. */
const ON_THE_WAY = new Set<BackupError['problem']['kind']>([...(['no_room', 'not_writable', 'damaged'] as const)])

/** Runs beside the service, or without one. */
export const backup = async ({ file, json, lang, reason }: Common & { file: string }): Promise<void> => {
  const config = loadConfig('database', lang)
  const by = { name: userName(), reason }
  const made = await makeBackup(config, file, { by, now: clock.now, random }).catch((error: unknown) =>
    explain(error, lang),
  )
  print(
    json ? JSON.stringify({ ...made, at: new Date(made.at).toISOString() }) : backupTexts(lang).made(made).join('\n'),
  )
}

/** Says what it would do, asks, and does it. */
export const restore = async ({ file, json, yes, hold, lang, reason }: RestoreInput): Promise<void> => {
  const config = loadConfig('database', lang)
  const texts = backupTexts(lang)
  if (!yes && (json || !process.stdin.isTTY)) refuse(texts.yesNeeded)
  try {
    const prepared = await openRestore(config, file, { now: clock.now, random })
    const { plan, database } = prepared
    try {
      if (!json) print(texts.plan(plan).join('\n'))
      if (!yes && !(await confirm(texts.question(database)))) {
        print(texts.left(database))
        process.exitCode = 1
        return
      }
      prepared.commit({ hold, by: { name: userName(), reason } })
    } finally {
      prepared.close()
    }
    const { keepsAs: keptAs, newest, ...rest } = plan
    if (!json) return print(texts.restored({ database, keptAs, held: hold, call: callOf(process.env) }).join('\n'))
    print(JSON.stringify({ database, keptAs, held: hold, newest: newest && new Date(newest).toISOString(), ...rest }))
  } catch (error) {
    explain(error, lang)
  }
}

const confirm = async (question: string): Promise<boolean> => {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^(y|yes|是)$/i.test((await terminal.question(question)).trim())
  } finally {
    terminal.close()
  }
}

/** Ends the process: with 2 where something else should have been asked for or set, else with 1. */
const explain = (error: unknown, language: Language): never => {
  if (!(error instanceof BackupError)) {
    return error instanceof StartError ? refuseToOpen(error, language) : fail(reasonOf(error, language))
  }
  const text = problemText(error.problem, language)
  return ON_THE_WAY.has(error.problem.kind) ? fail(text) : refuse(text)
}
