import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { readConfig } from '../../src/config/read-config.ts'
import type { StartError } from '../../src/core/error.ts'
import { openStore } from '../../src/store/open.ts'

const MASTER_KEY = randomBytes(32).toString('base64')

/** Opens a PostgreSQL database as a short command does; `told` has what was told on the way. */
export const openAt = async (DATABASE_URL: string, key = MASTER_KEY) => {
  const env = { DATABASE_URL, MASTER_KEY: key }
  const read = readConfig(env, { need: 'database', readFile: path => readFileSync(path, 'utf8') })
  if (!read.ok) throw new Error(read.problems.map(({ message }) => message.en).join())
  const told: unknown[] = []
  const store = await openStore(read.config, {
    ...{ now: Date.now, random: randomBytes, sleep, runs: 'here' },
    emit: (...event: unknown[]) => void told.push(event),
  })
  return { store, told, [Symbol.asyncDispose]: () => store.close() }
}

/** Why it could not be opened. */
export const refusalOf = async (url: string): Promise<StartError> => {
  try {
    await using _ = await openAt(url)
  } catch (error) {
    return error as StartError
  }
  throw new Error('it was opened')
}
