import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { readConfig } from '../../../src/config/read-config.ts'
import type { StartError } from '../../../src/core/error.ts'
import { explainOpening, mayPass, openStore } from '../../../src/store/open.ts'
import { unavailableBy } from '../../../src/store/unavailable.ts'
import { openOwnServer } from '../../support/postgres.ts'
import { openPostgres, pause, useServer } from '../../support/postgres-server.ts'
import { SHORT_LIMITS } from '../../support/short-limits.ts'

const MASTER_KEY = randomBytes(32).toString('base64')

const { server, newDatabase } = useServer({ open: openOwnServer })

/** As a short command does; `told` has what was told on the way. */
const openAt = async (DATABASE_URL: string, key = MASTER_KEY) => {
  const env = { DATABASE_URL, MASTER_KEY: key }
  const read = readConfig(env, 'database')
  if (!read.ok) throw new Error(read.problems.map(({ message }) => message.en).join())
  const told: unknown[] = []
  const store = await openStore(read.config, {
    ...{ now: Date.now, random: randomBytes, sleep: pause, as: 'command' },
    emit: (...event: unknown[]) => void told.push(event),
  })
  return { store, told, [Symbol.asyncDispose]: () => store.close() }
}

/** Why it could not be opened. */
const refusalOf = async (url: string): Promise<StartError> => {
  try {
    await using _ = await openAt(url)
  } catch (error) {
    return error as StartError
  }
  throw new Error('it was opened')
}

test('a new database is announced, without its password, and opened again in silence', async () => {
  const url = await server.createDatabase('announced')
  const withPassword = url.replace('postgres@', 'postgres:hunter2@')
  await using first = await openAt(withPassword)
  expect(first.told).toEqual([
    [
      'database.created',
      {
        path: expect.stringMatching(/^postgres:\/\/postgres@localhost\/announced\?host=\//),
        advice: expect.stringContaining('DATABASE_URL'),
      },
    ],
  ])
  expect(JSON.stringify(first.told)).not.toContain('hunter2')
  await using again = await openAt(withPassword)
  expect(again.told).toEqual([])
})

test('a database that cannot be opened is reported with setting, address without password, and remedy', async () => {
  await server.createDatabase('standby')
  await server.query(`ALTER DATABASE standby SET default_transaction_read_only = on`)
  await server.createDatabase('foreign')
  await server.query('CREATE ROLE guest LOGIN')
  const at = (name: string, more = '') => `${server.urlOf(name).replace('postgres@', 'postgres:hunter2@')}${more}`
  const found = await Promise.all([
    refusalOf('postgres://me:hunter2@127.0.0.1:1/x'),
    refusalOf('postgres://me:hunter2@nowhere.invalid/x'),
    refusalOf(at('missing')),
    refusalOf(at('standby')),
    refusalOf(at('foreign').replace('postgres:hunter2', 'guest:hunter2')),
  ])
  expect(found.map(error => [error.message.replace(/\?host=\S+/, ''), mayPass(error)])).toEqual([
    [
      expect.stringMatching(
        /^DATABASE_URL: postgres:\/\/me@127\.0\.0\.1:1\/x cannot be used \(ECONNREFUSED\): Nothing answers there: start PostgreSQL/,
      ),
      true,
    ],
    [expect.stringMatching(/nowhere\.invalid\/x .*host .*is not found/), true],
    [expect.stringMatching(/\/missing cannot be used \(3D000\): .*CREATE DATABASE/), false],
    [expect.stringMatching(/\(25006\): .*point it to the primary/), true],
    [expect.stringMatching(/guest@localhost\/foreign cannot be used \(42501\): .*OWNER TO/), false],
  ])
  for (const { words } of found) {
    expect(words.zh).toMatch(/^DATABASE_URL：无法使用 postgres:.*）：.*\p{Script=Han}/u)
    expect(`${words.en}${words.zh}`).not.toContain('hunter2')
  }
})

test('a start or a command waited a minute for a locked table, and did not say how to find the holder', async () => {
  const { url, connect } = await newDatabase()
  await using _ = await openAt(url)
  await using dba = await connect()
  await dba.query('BEGIN; LOCK TABLE meta')
  const opening = openPostgres(url, { masterKey: Buffer.from(MASTER_KEY, 'base64'), limits: SHORT_LIMITS })
  const error = explainOpening(await opening.catch((error: unknown) => error), url) as StartError
  expect(error.message).toMatch(/\(55P03\): Another session .*"idface-notifier doctor --only locks"/)
}, 10_000)

test('a database that cannot hold Chinese is refused before it has tables', async () => {
  await server.query("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
  const error = await refusalOf(server.urlOf('latin'))
  expect([error.message, mayPass(error)]).toEqual([
    expect.stringMatching(/encoded in LATIN1; .*ENCODING 'UTF8'/),
    false,
  ])
  expect(await server.query("SELECT 1 FROM pg_tables WHERE schemaname = 'public'", [], 'latin')).toEqual([])
})

const pgError = (code: string, message = 'as PostgreSQL says') => Object.assign(new Error(message), { code })
const URL_ = 'postgres://me:hunter2@db.internal:6432/notifier?sslmode=verify-full&password=hunter3'

test.each([
  [pgError('28P01'), /refuses this password.*%40/, false],
  [pgError('28000', 'no pg_hba.conf entry for host "10.0.0.1", no encryption'), /pg_hba\.conf.*sslmode=/, false],
  [new Error('The server does not support SSL connections'), /sslmode/, false],
  [pgError('ERR_TLS_CERT_ALTNAME_INVALID'), /sslrootcert=FILE/, false],
  [pgError('57P03'), /start it if it does not run/, true],
  [pgError('53100'), /room on the disk/, true],
  [new Error('timeout expired'), /start it if it does not run/, true],
  // The first write of a start, as the store tells of it.
  [unavailableBy('25006', 'read_only'), /point it to the primary/, true],
] as const)('%s is explained', (error, says, passes) => {
  const explained = explainOpening(error, URL_) as StartError
  expect(explained.message).toMatch(
    /^DATABASE_URL: postgres:\/\/me@db\.internal:6432\/notifier cannot be used \(\w+\): /,
  )
  expect(explained.message).toMatch(says)
  expect(mayPass(explained)).toBe(passes)
})

test('a server that is too old is refused before anything is changed', async () => {
  const { name, url, query } = await newDatabase()
  await query('CREATE SCHEMA old')
  await query(`CREATE FUNCTION old.current_setting(text) RETURNS text LANGUAGE sql AS $$ SELECT '130014' $$`)
  await query(`ALTER DATABASE ${name} SET search_path = old, public, pg_catalog`)
  const { message } = await refusalOf(url)
  expect(message).toContain('this server is PostgreSQL 13; PostgreSQL 14 or later is needed')
  expect(await query("SELECT 1 FROM pg_tables WHERE schemaname = 'public'")).toEqual([])
})
