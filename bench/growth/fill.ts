import { randomBytes } from 'node:crypto'
import Database from 'better-sqlite3'
import { encodeTime } from 'ulid'
import { DAY, HOUR } from '../../src/core/duration.ts'
import { HISTORY_COUNTS } from '../../src/core/history.ts'
import { webhookBody } from '../../src/core/message.ts'
import { HISTORY_KEPT_MS, HISTORY_STEPS } from '../../src/store/history/history.ts'
import { sealedUnder } from '../../src/store/sealed.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import { snakeCase } from '../../src/store/tx.ts'
import { addAccount, addPartner } from '../support/jobs.ts'

const HOSTS = 4
/** Due times lie within this long before now. */
export const DUE_WINDOW_MS = 1 * HOUR
/** Serials are in no order, and none occurs twice: the second number is a prime. */
const SERIAL_STEP = 48_271
const SERIALS = 99_999_999_977
const YEAR = 365 * DAY
/** SQLite's page cache while the file is filled, in KiB. */
const CACHE_KIB = 1024 * 1024

export interface Fill {
  rows: number
  now: number
  /** The first has half of all rows, the others share the rest. */
  partners?: number
  /** Number of queues of each partner with verifications. */
  queues?: number
  /** As a year leaves it: registrations of all its times, attempts, acts, and the history that is kept. */
  ofYear?: boolean
}

export interface Filled {
  path: string
  masterKey: Buffer
}

/**
 * A database with `rows` rows, each with a registration of its own: half of them are verifications, the others the
 * messages of registrations that have succeeded. All are due, at random times of the last hour, except one in ten of
 * the messages, which is delivered. All knowledge of the schema is in this file; columns that it does not name keep
 * their defaults. The indexes are made afterwards, so they are packed as after a VACUUM.
 */
export const fillDatabase = async (
  path: string,
  { rows, now, partners: count = 8, queues = 1, ofYear = false }: Fill,
): Promise<Filled> => {
  const masterKey = randomBytes(32)
  const { partnerIds, accountId } = await prepareStore(path, { masterKey, now, count })
  const db = new Database(path)
  makeFast(db)
  addLanes(db, partnerIds)
  addFunctions(db, { masterKey, now })
  const age = ofYear ? YEAR : DAY
  withoutIndexes(db, () => {
    const of = {
      rows,
      now,
      accountId,
      window: DUE_WINDOW_MS,
      since: now - age,
      every: Math.floor(age / rows),
      others: count - 1,
      queues,
    }
    for (const text of FILL) db.prepare(text).run(of)
    if (ofYear) for (const text of FILL_YEAR) db.prepare(text).run({ since: now - age, now })
  })
  if (ofYear) fillHistory(db, { now, accountId })
  finish(db)
  return { path, masterKey }
}

const prepareStore = async (
  path: string,
  { masterKey, now, count }: { masterKey: Buffer; now: number; count: number },
) => {
  const store = await openSqliteStore({ path, masterKey, now: () => now, defaultRate: 1e5 })
  const partnerIds: string[] = []
  for (let index = 0; index < count; index++) partnerIds.push(await addPartner(store, `growth-${index}`))
  const accountId = await addAccount(store)
  await store.close()
  return { partnerIds, accountId }
}

const makeFast = (db: Database.Database) => {
  // Without a journal a crash leaves a broken file, which does not matter here.
  db.unsafeMode(true)
  db.pragma('journal_mode = OFF')
  db.pragma('synchronous = OFF')
  db.pragma(`cache_size = -${CACHE_KIB}`)
  db.pragma('temp_store = MEMORY')
}

/** Leaves the file as the store expects it. */
const finish = (db: Database.Database) => {
  db.close()
  const anew = new Database(db.name)
  anew.pragma('journal_mode = WAL')
  anew.close()
}

/** Drops the indexes; making them afterwards costs one sort each instead of a seek for each row. */
const withoutIndexes = (db: Database.Database, run: () => void) => {
  const indexes = db
    .prepare<[], { name: string; sql: string }>(
      "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL",
    )
    .all()
  for (const { name } of indexes) db.exec(`DROP INDEX ${name}`)
  run()
  for (const { sql } of indexes) db.exec(sql)
}

const addLanes = (db: Database.Database, partnerIds: readonly string[]) => {
  db.exec('CREATE TEMP TABLE owners (n INTEGER PRIMARY KEY, partner_id TEXT)')
  db.exec('CREATE TEMP TABLE places (n INTEGER PRIMARY KEY, lane_id INTEGER, url TEXT)')
  const addOwner = db.prepare('INSERT INTO owners VALUES (?, ?)')
  const addLane = db.prepare('INSERT INTO lanes (partner_id, host) VALUES (?, ?)')
  const addPlace = db.prepare('INSERT INTO places VALUES (?, ?, ?)')
  for (const [n, partnerId] of partnerIds.entries()) {
    addOwner.run(n, partnerId)
    for (let host = 0; host < HOSTS; host++) {
      const name = `127.0.0.1:${1 + host}`
      const { lastInsertRowid } = addLane.run(partnerId, name)
      addPlace.run(n * HOSTS + host, lastInsertRowid, `http://${name}/hook`)
    }
  }
}

const addFunctions = (db: Database.Database, { masterKey, now }: { masterKey: Buffer; now: number }) => {
  const sealed = sealedUnder({ masterKey }, randomBytes)
  const verdict = { status: 'SUCCESS', message: '认证成功', livingScore: null, similarity: '100' } as const
  const sealVerdict = (partnerId: string, idcardid: string) => sealed.verdict.seal({ partnerId, idcardid }, verdict)
  const sealMessage = (partnerId: string, registrationId: string, idcardid: string) => {
    const type = 'idface.succeeded' as const
    const told = {
      type,
      timestamp: now,
      registrationId,
      idcardid,
      status: 'SUCCESS',
      reason: null,
      verdict,
      thin: false,
    }
    const body = webhookBody({ ...told, sandbox: false, metadata: {}, observedAt: now, previousPollAt: null })
    return sealed.message.seal({ partnerId, registrationId }, body)
  }
  db.function('id_time', at => `reg_${encodeTime(at as number, 10)}`)
  db.function('seal_verdict', (partnerId, idcardid) => sealVerdict(partnerId as string, idcardid as string))
  db.function('seal_message', (partnerId, id, idcardid) =>
    sealMessage(partnerId as string, id as string, idcardid as string),
  )
}

const CREATED = '(@since + i * @every)'
/** Odd rows wait for a verdict, even ones for their webhook. */
const NUMBERS = `WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < @rows),
  facts AS MATERIALIZED (SELECT i, i % 2 AS waits,
    CASE WHEN (i / 2) % 2 = 0 THEN 0 ELSE 1 + (i / 4) % @others END AS n,
    (i / 32) % ${HOSTS} AS host,
    '16' || printf('%011d', (i * ${SERIAL_STEP}) % ${SERIALS}) AS serial,
    id_time(${CREATED}) || printf('%016d', i) AS registration
    FROM numbers)`
const DUE = '(@now - abs(random()) % @window)'
/** Makes some messages delivered, so that their list is not empty. */
const IS_DELIVERED = '(i / 2) % 10 = 0'

const FILL = [
  `${NUMBERS}
  INSERT INTO verifications (id, account_id, partner_id, idcardid, created_at, nudged_at, queue, due_at, polls, last_polled_at,
    last_answer, last_code, raw_status, seen, verdict, observed_at, previous_poll_at)
  SELECT i, @accountId, partner_id, serial, ${CREATED}, ${CREATED}, 1 + (i / 16) % @queues, CASE WHEN waits THEN ${DUE} END, 3, @now - 60000,
    CASE WHEN waits THEN 'waiting' ELSE 'verdict' END, 2, CASE WHEN waits THEN 'ING' ELSE 'SUCCESS' END, 1,
    CASE WHEN waits THEN NULL ELSE seal_verdict(partner_id, serial) END,
    CASE WHEN waits THEN NULL ELSE @now - 60000 END, CASE WHEN waits THEN NULL ELSE @now - 65000 END
  FROM facts JOIN owners USING (n)`,
  `${NUMBERS}
  INSERT INTO registrations (verification_id, n, id, partner_id, callback_url, lane_id, metadata, status, created_at,
    expires_at, resolved_at, message_seq)
  SELECT i, 0, registration, partner_id, url, lane_id, '{"order":"42"}', CASE WHEN waits THEN 'pending' ELSE 'succeeded' END,
    ${CREATED}, @now + 30 * 86400000, CASE WHEN waits THEN NULL ELSE @now - 60000 END,
    CASE WHEN waits THEN NULL ELSE i / 2 END
  FROM facts JOIN owners USING (n) JOIN places ON places.n = facts.n * ${HOSTS} + facts.host`,
  `${NUMBERS}
  INSERT INTO message_bodies (seq, partner_id, event, registration_id, lane_id, callback_url, type, body, created_at)
  SELECT i / 2, partner_id, i / 2, registration, lane_id, url, 'idface.succeeded', seal_message(partner_id, registration, serial),
    @now - 60000
  FROM facts JOIN owners USING (n) JOIN places ON places.n = facts.n * ${HOSTS} + facts.host
  WHERE NOT waits`,
  `${NUMBERS}
  INSERT INTO deliveries (seq, partner_id, registration_id, lane_id, callback_url, due_at)
  SELECT i / 2, partner_id, registration, lane_id, url, ${DUE}
  FROM facts JOIN owners USING (n) JOIN places ON places.n = facts.n * ${HOSTS} + facts.host
  WHERE NOT waits AND NOT (${IS_DELIVERED})`,
  'UPDATE lanes SET due_at = (SELECT min(due_at) FROM deliveries WHERE lane_id = lanes.id)',
  'UPDATE partners SET events = @rows / 2',
]

const ACTS = 100_000
const FILL_YEAR = [
  'UPDATE deliveries SET claims = 1, attempts = 1 WHERE seq % 2 = 0',
  `INSERT INTO attempts (message_seq, n, at, outcome, http_status, duration_ms)
  SELECT seq, 1, @now - 30000, CASE WHEN state IS NULL THEN 'delivered' ELSE 'rejected' END,
    CASE WHEN state IS NULL THEN 200 ELSE 503 END, 20
  FROM message_bodies LEFT JOIN deliveries USING (seq) WHERE state IS NULL OR deliveries.attempts = 1`,
  `INSERT INTO acts (at, who, name, act, object, outcome)
  SELECT @since + seq * ((@now - @since) / ${ACTS}), 'adm_' || seq % 9, 'operator', 'registration.resend', registration_id, 'done'
  FROM message_bodies WHERE seq <= ${ACTS}`,
]

/** All, the account, the partners and their hosts. */
const SERIES = `
  SELECT '' AS account_id, '' AS partner_id, '' AS host UNION ALL SELECT @accountId, '', ''
  UNION ALL SELECT '', partner_id, '' FROM owners
  UNION ALL SELECT '', owners.partner_id, lanes.host FROM owners JOIN lanes USING (partner_id)`
const COUNT_NAMES = HISTORY_COUNTS.map(snakeCase)
/** In the order of the primary key. */
const HISTORY = `
  WITH RECURSIVE times(at) AS (SELECT @since UNION ALL SELECT at + @stepMs FROM times WHERE at + @stepMs < @now)
  INSERT INTO history (step_ms, at, account_id, partner_id, host, node, ${COUNT_NAMES})
  SELECT @stepMs, at, account_id, partner_id, host, 'node_bench', ${COUNT_NAMES.map((_, n) => `(at / @stepMs + ${n}) % 40`)}
  FROM times CROSS JOIN (SELECT * FROM (${SERIES}) ORDER BY 1, 2, 3)`

const fillHistory = (db: Database.Database, { now, accountId }: { now: number; accountId: string }) => {
  const insert = db.prepare(HISTORY)
  for (const step of ['1h', '5m'] as const) {
    const stepMs = HISTORY_STEPS[step]
    insert.run({ stepMs, since: now - (now % stepMs) - HISTORY_KEPT_MS[step], now, accountId })
  }
}
