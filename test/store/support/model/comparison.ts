import { HOUR } from '../../../../src/core/duration.ts'
import { MESSAGE_STATES } from '../../../../src/core/message.ts'
import { REGISTRATION_STATUSES } from '../../../../src/core/registration.ts'
import type { Pair } from './pair.ts'
import { type History, oneOf } from './world.ts'

/** Each table in the order of its key, by the names and in the shapes of the reference's rows; of what is sealed, whether it is there. */
const QUERIES = {
  verifications: `
    SELECT id, account_id AS accountId, partner_id AS partnerId, idcardid, created_at AS createdAt, nudged_at AS nudgedAt,
      due_at AS dueAt, claimed_at AS claimedAt, claims, polls, last_polled_at AS lastPolledAt, last_answer AS lastAnswer,
      last_code AS lastCode, last_open_at AS lastOpenAt, raw_status AS rawStatus, failures, failing_since AS failingSince,
      invalid_ids AS invalidIds, gone_checks AS goneChecks, seen,
      verdict IS NOT NULL AS verdict, observed_at AS observedAt, previous_poll_at AS previousPollAt
    FROM verifications ORDER BY id`,
  registrations: `
    SELECT id, verification_id AS verificationId, n, partner_id AS partnerId, callback_url AS callbackUrl, lane_id AS laneId,
      metadata <> '{}' AS metadata, status, reason, created_at AS createdAt, expires_at AS expiresAt, resolved_at AS resolvedAt,
      message_seq AS messageSeq, traceparent
    FROM registrations ORDER BY id`,
  messages: `
    SELECT seq, partner_id AS partnerId, event, registration_id AS registrationId, lane_id AS laneId,
      callback_url AS callbackUrl, type, length(body) > 0 AS body, created_at AS createdAt, state, due_at AS dueAt,
      claimed_at AS claimedAt, claims, fence, attempts, retries, traceparent
    FROM messages ORDER BY seq`,
  lanes:
    'SELECT id, partner_id AS partnerId, host, due_at AS dueAt, strikes, slow, proven, ramp_at AS rampAt, ramped FROM lanes ORDER BY id',
  attempts: `
    SELECT message_seq AS messageSeq, n, at, outcome, http_status AS httpStatus, error, duration_ms AS durationMs,
      response_excerpt AS responseExcerpt
    FROM attempts ORDER BY message_seq, n`,
  pauses: 'SELECT partner_id AS partnerId, callback_url AS callbackUrl, since FROM callback_pauses ORDER BY 1, 2',
  health: `
    SELECT partner_id AS partnerId, callback_url AS callbackUrl, failing_since AS failingSince, attempts,
      last_error AS lastError, last_at AS lastAt, state,
      notice_id AS noticeId, notice_due_at AS noticeDueAt, notice_tries AS noticeTries
    FROM callback_health ORDER BY 1, 2`,
  resends: `
    SELECT id, partner_id AS partnerId, since, until, count, resent, cursor, done FROM bulk_resends ORDER BY id`,
  accounts: `
    SELECT id, paused_at AS pausedAt, pause_reason AS pauseReason, pause_code AS pauseCode,
      unreachable_at AS unreachableAt, unreachable_error AS unreachableError, probes, probe_at AS probeAt,
      allowed_at AS allowedAt, ramp_at AS rampAt, ramp_rate AS rampRate
    FROM accounts ORDER BY id`,
  partners: 'SELECT id, disabled, payload, events FROM partners ORDER BY id',
}
type Name = keyof typeof QUERIES
const NAMES = Object.keys(QUERIES) as Name[]

type Row = Readonly<Record<string, unknown>>
const bit = (value: boolean): number => (value ? 1 : 0)

/** A value of the reference as SQLite stores it. */
const stored = (row: Row, column: string): unknown => {
  const value = row[column]
  if (column === 'metadata') return bit(JSON.stringify(value) !== '{}')
  if (column === 'verdict') return bit(value !== null)
  if (column === 'body') return bit(value !== '')
  return typeof value === 'boolean' ? bit(value) : value
}

/** The numbers of the columns that are the key. */
const KEYS: Record<Name, readonly number[]> = {
  verifications: [0],
  registrations: [0],
  messages: [0],
  lanes: [0],
  attempts: [0, 1],
  pauses: [0, 1],
  health: [0, 1],
  resends: [0],
  accounts: [0],
  partners: [0],
}

const inOrder = (rows: readonly unknown[][], key: readonly number[]): unknown[][] =>
  rows.toSorted((a, b) => {
    for (const column of key) {
      const [one, other] = [a[column] as number | string, b[column] as number | string]
      if (one !== other) return one < other ? -1 : 1
    }
    return 0
  })

/** Compares what both have stored, row by row; false where neither has written anything since the last time. */
export const createTableComparison = ({ client, tables, expectEqual }: Pair) => {
  const statements = NAMES.map(name => {
    const statement = client.prepare<[], unknown[]>(QUERIES[name])
    return { name, columns: statement.columns().map(column => column.name), statement: statement.raw() }
  })
  const dataVersion = client.prepare('PRAGMA data_version').pluck()
  let compared = ''
  return (): boolean => {
    const version = `${dataVersion.get()} ${tables.changes()}`
    if (version === compared) return false
    compared = ''
    for (const { name, statement, columns } of statements) {
      const rows = tables[name].all() as unknown as Row[]
      const ofReference = rows.map(row => columns.map(column => stored(row, column)))
      expectEqual(`${name} (${columns.join(', ')})`, statement.all(), inOrder(ofReference, KEYS[name]))
    }
    compared = version
    return true
  }
}

/** Compares what a partner reads of one registration, and of one question about all of them. */
export const compareSomeReads = async (history: History): Promise<void> => {
  const { pair, random, handle } = history
  const partnerId = oneOf(random, history.partnerIds)
  const registration = history.registrations.length === 0 ? null : oneOf(random, history.registrations)
  if (registration) await compareRegistration(history, registration)
  const query = {
    idcardid: random() < 0.3 ? oneOf(random, history.serials) : null,
    status: random() < 0.5 ? oneOf(random, REGISTRATION_STATUSES) : null,
    delivery: random() < 0.5 ? oneOf(random, MESSAGE_STATES) : null,
    limit: 1 + Math.floor(random() * 10),
    before: random() < 0.2 && registration ? registration.id : null,
  }
  await pair.both(handle, 'listRegistrations', store => store.listRegistrations(partnerId, query))
  const serials = history.serials.filter(() => random() < 0.3)
  const most = 1 + Math.floor(random() * 5)
  await pair.both(handle, 'lookUpRegistrations', store => store.lookUpRegistrations(partnerId, serials, most))
  await pair.both(handle, 'stats', store => store.stats())
  const after = random() < 0.5 ? null : { n: Math.floor(random() * 5), at: random() < 0.5 ? null : history.now() }
  const since = random() < 0.5 ? undefined : history.now() - Math.floor(random() * HOUR)
  const delivery = random() < 0.5 ? undefined : oneOf(random, MESSAGE_STATES)
  await pair.both(handle, 'listEvents', store => store.listEvents(partnerId, { after, limit: 3, since, delivery }))
  await pair.both(handle, 'usageOf', store => store.usageOf(partnerId))
  const of = random() < 0.3 ? null : partnerId
  await pair.both(handle, 'listCallbacks', store => store.listCallbacks(of, { after: null, limit: 3 }))
}

const compareRegistration = async (
  { pair, handle }: History,
  { partnerId, id }: { partnerId: string; id: string },
): Promise<void> => {
  // An engine may remember for a second how many partners share the rate.
  await pair.both(handle, 'explain', async store => {
    const explained = await store.explain(partnerId, id)
    return explained && { ...explained, queue: explained.queue?.before }
  })
  await pair.both(handle, 'listAttempts', store => store.listAttempts(partnerId, id))
}

/** Compares everything that can be read. */
export const compareAllReads = async (history: History): Promise<void> => {
  const { pair, handle } = history
  for (const registration of history.registrations) await compareRegistration(history, registration)
  for (const partnerId of history.partnerIds) {
    for (const status of [null, ...REGISTRATION_STATUSES])
      for (const delivery of [null, ...MESSAGE_STATES]) {
        const query = { idcardid: null, status, delivery, limit: 100, before: null }
        await pair.both(handle, 'listRegistrations', store => store.listRegistrations(partnerId, query))
      }
    await pair.both(handle, 'listEvents', store => store.listEvents(partnerId, { after: null, limit: 100 }))
    for (const id of history.resendIds) await pair.both(handle, 'findResend', store => store.findResend(partnerId, id))
    await pair.both(handle, 'listSigningSecrets', store => store.listSigningSecrets(partnerId))
  }
  for (const { id } of history.accounts) await pair.both(handle, 'findAccount', store => store.findAccount(id))
  await pair.both(handle, 'stats', store => store.stats())
}
