import { expect, test, vi } from 'vitest'
import { MINUTE, SECOND } from '../../src/core/duration.ts'
import { ALL_SERIES, type HistoryMinute, MAX_HOSTS_OF_ONE, MAX_OWNERS, noCounts } from '../../src/core/history.ts'
import type { Store } from '../../src/store/store.ts'
import { createEmit } from '../../src/telemetry/emit.ts'
import { openHistory } from '../../src/worker/history.ts'
import { createFixedClock } from '../support/fixed-clock.ts'

const NO_DUE = { due: 0 }

const openScene = () => {
  const clock = createFixedClock()
  const written: HistoryMinute[] = []
  const due = { polls: 0, webhooks: 0 }
  const failing = { is: false }
  const emitted = vi.fn()
  const store = {
    now: clock.now,
    stats: async () => ({
      at: clock.now(),
      accounts: [{ id: 'acc_a', ...NO_DUE, due: due.polls }],
      polls: { due: due.polls },
      deliveries: { due: due.webhooks },
    }),
    addHistory: async (_: string, minute: HistoryMinute) => {
      if (failing.is) throw new Error('no database')
      written.push(structuredClone(minute))
    },
  } as unknown as Pick<Store, 'now' | 'stats' | 'addHistory'>
  const history = openHistory({ store, node: 'node_a', clock, emit: emitted })
  const emit = createEmit([history.listen])
  const message = { messageId: 'm', registrationId: 'r', attempts: 1 }
  const deliver = (partnerId: string, host: string, ageMs = 120, resent = false) =>
    emit('message.delivered', { ...message, partnerId, host, resent, ageMs })
  const giveUp = (partnerId: string, host: string, resent = false) =>
    emit('message.exhausted', { ...message, partnerId, host, resent, end: 'exhausted', httpStatus: 500, error: null })
  /** The entries written since the last call, without their zeros. */
  const taken = () =>
    written
      .splice(0)
      .flatMap(({ entries }) =>
        entries.map(entry =>
          Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== 0 && value !== '')),
        ),
      )
  return { clock, written, taken, due, failing, emitted, history, emit, deliver, giveUp }
}

test('counts each event for all, for its partner or account, and for its host', async () => {
  const { emit, deliver, giveUp, history, taken } = openScene()
  const partnerId = 'partner_a'
  const host = 'a.example'
  emit('registration.answered', { partnerId, registrationId: 'r', answer: 'created' })
  emit('registration.answered', { partnerId, registrationId: 'r', answer: 'same' })
  emit('verdict.received', { partnerId, status: 'failed' })
  emit('registration.ended', { registrationId: 'r', partnerId, end: 'verdict', reason: null, ageMs: 1 })
  emit('registration.ended', { registrationId: 'r', partnerId, end: 'cancelled', reason: null, ageMs: 1 })
  const poll = { verificationId: 1, accountId: 'acc_a', account: 'C1', code: 2, cause: null, durationMs: 60 }
  emit('poll.answered', { ...poll, kind: 'verdict' })
  emit('poll.answered', { ...poll, kind: 'transient', cause: 'timeout', durationMs: 10_001 })
  const attempt = { messageId: 'm', partnerId, host, attempt: 1, origin: 'first', lagMs: 0, durationMs: 1 } as const
  const answer = { httpStatus: 200, error: null, detail: null }
  for (const outcome of ['delivered', 'rejected', 'not_sent'])
    emit('delivery.attempted', { ...attempt, outcome, ...answer })
  deliver(partnerId, host)
  giveUp(partnerId, host)
  await history.close()
  const ofPartner = { registrations: 1, failed: 1, cancelled: 1 }
  const ofHost = { failedAttempts: 1, delivered: 1, arrived200: 1, givenUp: 1 }
  const ofPolls = { polls: 2, failedPolls: 1, answered100: 1, answeredOver: 1 }
  expect(taken()).toEqual([
    { ...ofPartner, ...ofHost, ...ofPolls },
    { partnerId, ...ofPartner, ...ofHost },
    { partnerId, host, ...ofHost },
    { accountId: 'acc_a', ...ofPolls },
  ])
})

test('writes a minute once, when it is over', async () => {
  const { clock, deliver, taken } = openScene()
  deliver('partner_a', 'a.example')
  await clock.advance(5 * SECOND)
  expect(taken()).toEqual([])
  await clock.advance(MINUTE)
  expect(taken()).toHaveLength(3)
  await clock.advance(MINUTE)
  expect(taken()).toEqual([])
})

test('samples once a minute what is due, also while nothing happens', async () => {
  const { clock, due, taken } = openScene()
  Object.assign(due, { polls: 7, webhooks: 2 })
  await clock.advance(5 * SECOND)
  await clock.advance(MINUTE)
  expect(taken()).toEqual([
    { duePolls: 7, dueWebhooks: 2 },
    { accountId: 'acc_a', duePolls: 7 },
  ])
})

test('keeps what could not be written, tells it once a minute, and drops what is older than 15 minutes', async () => {
  const { clock, deliver, failing, emitted, written, taken, history } = openScene()
  failing.is = true
  deliver('partner_a', 'a.example')
  for (let n = 0; n < 24; n++) await clock.advance(5 * SECOND)
  expect(emitted.mock.calls.map(([name]) => name)).toEqual(['history.failed', 'history.failed'])
  failing.is = false
  await clock.advance(5 * SECOND)
  expect(taken()).toMatchObject([{ delivered: 1 }, { partnerId: 'partner_a', delivered: 1 }, { host: 'a.example' }])
  failing.is = true
  for (let minute = 0; minute < 20; minute++) {
    deliver('partner_a', 'a.example')
    await clock.advance(MINUTE)
  }
  failing.is = false
  await history.close()
  expect(written).toHaveLength(15)
})

test('counts only for all the partners that are beyond those of a minute', async () => {
  const { deliver, history, written } = openScene()
  for (let n = 0; n < 2 * MAX_OWNERS; n++) deliver(`partner_${n}`, 'a.example')
  await history.close()
  const [{ entries = [] } = {}] = written
  expect(entries).toHaveLength(2 * MAX_OWNERS + 1)
  const all = { delivered: 2 * MAX_OWNERS, arrived200: 2 * MAX_OWNERS }
  expect(entries[0]).toEqual({ ...ALL_SERIES, ...noCounts(), ...all })
})

test('counts no end of a webhook that was resent', async () => {
  const { deliver, giveUp, history, taken } = openScene()
  deliver('partner_a', 'a.example')
  deliver('partner_a', 'a.example', 3_000_000, true)
  giveUp('partner_a', 'a.example', true)
  await history.close()
  expect(taken()[0]).toEqual({ delivered: 1, arrived200: 1 })
})

test('counts a partner apart, however many hosts others have', async () => {
  const { deliver, history, written } = openScene()
  for (let n = 0; n < 1_000; n++) deliver('partner_a', `${n}.example`)
  deliver('partner_b', 'b.example')
  await history.close()
  const [{ entries = [] } = {}] = written
  const deliveredOf = (partner: string) =>
    entries.filter(({ partnerId }) => partnerId === partner).map(({ delivered }) => delivered)
  expect(deliveredOf('partner_a')).toEqual([1_000, ...Array(MAX_HOSTS_OF_ONE).fill(1)])
  expect(deliveredOf('partner_b')).toEqual([1, 1])
})
