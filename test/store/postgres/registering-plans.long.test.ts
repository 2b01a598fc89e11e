import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { DAY } from '../../../src/core/duration.ts'
import { ALL_REGISTRATIONS } from '../../../src/store/registrations/filter.ts'
import { type Ending, endRegistrations } from '../../../src/store/registrations/resolutions.ts'
import { readWindow } from '../../../src/store/registrations/search.ts'
import { loadSerials, saveSerials } from '../../../src/store/registrations/serials.ts'
import { sealedUnder } from '../../../src/store/sealed.ts'
import { loadCounts } from '../../../src/store/stats/counts.ts'
import type { Tx } from '../../../src/store/tx.ts'
import { ADD_REGISTRATIONS, describePlans, type PlanCase, usePlanDatabase } from '../../support/postgres-plan.ts'
import { newRegistration } from '../../support/store.ts'

/** CI takes twice as many, and at night a million: what does not read all of it looks at as many blocks. */
const ROWS = Number(process.env.PLAN_ROWS ?? 200_000)
const NOW = Date.parse('2026-11-24T08:00:00Z')
const TAKEN = 100

/** Serials for each of which a registration waits, and counts of as many hours, of which a tenth are still to be folded. */
const fill = async (client: pg.Client) => {
  await client.query(`
    INSERT INTO partners (id, name, created_at) SELECT 'par_' || n, 'partner', 0 FROM generate_series(0, 200) AS n`)
  await client.query(
    `INSERT INTO verifications (account_id, partner_id, idcardid, created_at, nudged_at, due_at)
     SELECT 'acc', 'par_0', n::text, 0, 0, $2 FROM generate_series(1, $1::int) AS n`,
    [ROWS, NOW],
  )
  await client.query(ADD_REGISTRATIONS)
  await client.query(
    `INSERT INTO counts (owner, what, n) SELECT 'par_0 ' || n, 'partner_hour', 1 FROM generate_series(1, $1::int) AS n`,
    [ROWS],
  )
  await client.query(
    `INSERT INTO count_changes (owner, what, n) SELECT 'par_0 ' || n, 'partner_hour', 1
     FROM generate_series(1, $1::int) AS n`,
    [ROWS / 10],
  )
}

const database = usePlanDatabase(fill)

const sealed = sealedUnder({ masterKey: randomBytes(32) }, randomBytes)
const opening = { sealed, openOrElse: <Value>(_: unknown, { open }: { open: () => Value }) => open() }

const numbers = Array.from({ length: TAKEN }, (_, i) => i + 1)

const itemOf = (n: number) =>
  newRegistration({ id: `new_${n}`, partnerId: 'par_0', accountId: 'acc', idcardid: `${n}`, isBatch: true })

/** As many serials are known as are new. */
const registerSome = async (tx: Tx) => {
  const items = numbers.flatMap(n => [itemOf(n), itemOf(ROWS + n)])
  const serials = await loadSerials(tx, items, opening)
  const ask = { nudgedAt: 0, queue: 1, dueAt: NOW }
  for (const serial of serials) Object.assign(serial, { ask, verification: { partnerId: 'par_0' } })
  await saveSerials(tx, serials)
}

const endingOf = (n: number): Ending => ({
  registration: { ...itemOf(n), id: `reg_${n}`, verificationId: n, n: 0, laneId: 1, createdAt: 0 },
  ...{ accountId: 'acc', idcardid: `${n}`, verdict: null, reason: 'expired', rawStatus: null },
  ...{ observedAt: NOW, previousPollAt: null },
})

const ofPartner = { ...ALL_REGISTRATIONS, partnerId: 'par_0' }
/** When nothing was registered. */
const SPAN = { since: NOW, until: NOW + DAY }

const owners = numbers.map(n => `par_0 ${n}`)
const ALL = { filter: ofPartner, act: null, before: null }
const OF_DAY = { ...ALL, filter: { ...ofPartner, ...SPAN } }
const PENDING = { ...ALL_REGISTRATIONS, delivery: 'pending' } as const
const OF_PREVIEW = { filter: PENDING, act: 'resend', before: null } as const

const CASES: readonly PlanCase[] = [
  ['the serials that are registered', 80 * TAKEN, registerSome],
  ['the end of registrations', 60 * TAKEN, tx => endRegistrations(tx, numbers.map(endingOf), { sealed })],
  ['what is counted', 10 * TAKEN, tx => loadCounts(tx, owners)],
  ['what a partner lists', 20 * TAKEN, tx => readWindow(tx, { ...ALL, before: 'reg_5' }, TAKEN)],
  ['what a partner finds of a day', TAKEN, tx => readWindow(tx, OF_DAY, TAKEN)],
  ['what a preview counts', 4 * TAKEN, tx => readWindow(tx, OF_PREVIEW, TAKEN, { serial: false, attempt: false })],
]

describePlans(database, CASES, { at: NOW, empty: ['lanes', 'message_bodies', 'deliveries', 'attempts'] })
