import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, vi } from 'vitest'
import { openPostgresStore, type PostgresOptions } from '../../src/store/postgres/store.ts'
import { openTestServer, type TestServer } from './postgres.ts'
import { openStoreFixture } from './store.ts'

const MASTER_KEY = randomBytes(32)

export const pause = (ms: number, signal?: AbortSignal): Promise<void> => setTimeout(ms, undefined, { signal })

type StoreOptions = Partial<Omit<PostgresOptions, 'url'>>

/** A store with one key for all of them, by the system's clock, but for what `more` says. */
export const openPostgres = (url: string, more: StoreOptions = {}) =>
  openPostgresStore({
    ...{ url, masterKey: MASTER_KEY, random: randomBytes, now: Date.now, sleep: pause, defaultRate: 1_000 },
    ...more,
  })

/** The workers' steps on such a store. */
export const openPostgresBench = (url: string, more: StoreOptions = {}) =>
  openStoreFixture(async () => ({ store: await openPostgres(url, more), advance: pause }))

export interface TestDatabase {
  /** As the server knows it. */
  name: string
  url: string
  query: <Row extends pg.QueryResultRow = Record<string, unknown>>(text: string, values?: unknown[]) => Promise<Row[]>
  /** A session of its own. */
  connect: () => Promise<pg.Client & AsyncDisposable>
  /** Until so many sessions wait for a lock, and no more. */
  untilWaiting: (count: number) => Promise<unknown>
}

const WAITING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

const databaseOf = (server: TestServer, name: string): TestDatabase => {
  const url = server.urlOf(name)
  const query: TestDatabase['query'] = (text, values) => server.query(text, values, name)
  return {
    name: server.nameOf(name),
    url,
    query,
    connect: async () => {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() })
    },
    untilWaiting: count => vi.waitUntil(async () => (await query(WAITING)).length === count, 20_000),
  }
}

interface ServerOptions {
  open?: () => Promise<TestServer>
  /** New databases have today's schema. */
  template?: boolean
}

/** A server for the tests of a file. */
export const useServer = ({ open = openTestServer, template = false }: ServerOptions = {}) => {
  const server = {} as TestServer
  let databases = 0
  beforeAll(async () => {
    Object.assign(server, await open())
    if (template) await (await openPostgres(await server.createDatabase('template'))).close()
  })
  afterAll(() => server[Symbol.asyncDispose]())
  const newDatabase = async (): Promise<TestDatabase> => {
    const name = `test_${++databases}`
    await server.createDatabase(name, template ? 'template' : undefined)
    return databaseOf(server, name)
  }
  return { server, newDatabase }
}

/** A server for the tests of a file, and for each of them a database. */
export const useDatabase = (options?: ServerOptions) => {
  const { server, newDatabase } = useServer(options)
  const database = {} as TestDatabase
  beforeEach(async () => {
    Object.assign(database, await newDatabase())
  })
  return { server, database }
}
