import { expect, test } from 'vitest'
import { SECOND } from '../../src/core/duration.ts'
import type { OperatorNote } from '../../src/core/operator-event.ts'
import { createNotebook, noteOf } from '../../src/operator/notebook.ts'
import type { NotedOperatorEvents } from '../../src/store/store.ts'
import type { TelemetryEvent } from '../../src/telemetry/emit.ts'
import { createFixedClock, endOfTurn } from '../support/fixed-clock.ts'

const exhausted = (subject: string): OperatorNote => ({
  ...{ condition: 'message.exhausted', subject, at: 0, adds: 1 },
  details: { partnerId: subject, host: 'partner.example' },
})
const resumed: OperatorNote = { condition: 'account.paused', subject: 'C1', at: 0, adds: 0, details: null }

const open = () => {
  const clock = createFixedClock()
  const written: (readonly OperatorNote[])[] = []
  const emitted: unknown[] = []
  const state = { isBroken: false, result: 'due' as NotedOperatorEvents['results'][number], rung: 0 }
  const notebook = createNotebook({
    store: {
      noteOperatorEvents: async notes => {
        if (state.isBroken) throw new Error('the database cannot be used now')
        written.push(notes)
        return { results: notes.map(() => state.result), dropped: [] }
      },
    },
    clock,
    onDue: () => state.rung++,
    emit: (...event) => void emitted.push(event),
  })
  return { clock, written, emitted, state, notebook }
}

test('what comes many times within a second is written once, with its number', async () => {
  const { clock, written, state, notebook } = open()
  notebook.note(exhausted('one'))
  await endOfTurn()
  expect(state.rung).toBe(1)
  for (let n = 0; n < 1_000; n++) notebook.note(exhausted('one'))
  await endOfTurn()
  expect(written).toEqual([[exhausted('one')]])
  await clock.advance(SECOND)
  expect(written[1]).toEqual([{ ...exhausted('one'), adds: 1_000 }])
  await notebook.stop()
})

test('what came just after another note left more than a second later', async () => {
  const { clock, written, notebook } = open()
  notebook.note(exhausted('one'))
  await endOfTurn()
  notebook.note(exhausted('two'))
  await clock.advance(SECOND / 2)
  expect(written).toEqual([[exhausted('one')], [exhausted('two')]])
  await notebook.stop()
})

test('what is only counted is told as merged, and rings nobody', async () => {
  const { emitted, state, notebook } = open()
  state.result = 'counted'
  notebook.note(exhausted('one'))
  await endOfTurn()
  expect(emitted).toEqual([['operator_event.ended', { type: 'message.exhausted', outcome: 'merged' }]])
  expect(state.rung).toBe(0)
  await notebook.stop()
})

test('what cannot be written is kept, 5,000 at most, and told once', async () => {
  const { clock, written, emitted, state, notebook } = open()
  state.isBroken = true
  for (let n = 0; n <= 5_000; n++) notebook.note(exhausted(`partner_${n}`))
  await endOfTurn()
  await clock.advance(5 * SECOND)
  state.isBroken = false
  await clock.advance(5 * SECOND)
  await notebook.stop()
  expect(written.map(notes => notes.length)).toEqual(Array.from({ length: 20 }, () => 250))
  expect(emitted.map(event => (event as [string])[0])).toEqual(['operator_event.ended', 'operator_event.not_noted'])
})

test('what is there at a stop is written', async () => {
  const { written, notebook } = open()
  notebook.note(resumed)
  await notebook.stop()
  expect(written).toEqual([[resumed]])
})

const AT = Date.parse('2026-11-26T03:00:00Z')
const PAUSED = {
  accountId: 'acc_1',
  account: 'C1',
  code: 405,
  probes: 1,
  since: '2026-11-26T02:00:00.000Z',
  probeAt: '2026-11-26T03:10:00.000Z',
}

test.each<[TelemetryEvent['name'], object, object | null]>([
  [
    'account.paused',
    { ...PAUSED, reason: 'credentials_wrong' },
    {
      ...{ condition: 'account.paused', subject: 'C1', adds: 1 },
      details: {
        ...{ code: 'account_paused', account: 'C1', reason: 'credentials_wrong', upstreamCode: 405 },
        ...{ since: AT - 3_600 * SECOND, nextTryAt: AT + 600 * SECOND },
      },
    },
  ],
  ['account.paused', { ...PAUSED, reason: 'operator' }, null],
  ['account.resumed', { account: 'C1' }, { condition: 'account.paused', subject: 'C1', details: null }],
  [
    'upstream.unreachable',
    { account: 'C1', error: 'timeout', since: '2026-11-26T02:59:00.000Z' },
    {
      condition: 'upstream.unreachable',
      details: expect.objectContaining({ since: AT - 60 * SECOND, error: 'timeout' }),
    },
  ],
  ['upstream.back', { account: 'C1' }, { condition: 'upstream.unreachable', subject: 'C1', details: null }],
  [
    'upstream.unknown_status',
    { accountId: 'acc_1', status: 'MAYBE' },
    { condition: 'upstream.unknown_status', subject: 'acc_1 MAYBE' },
  ],
  [
    'message.exhausted',
    { partnerId: 'partner_1', host: 'a.example', httpStatus: null, error: 'tls', detail: 'CERT_HAS_EXPIRED' },
    { subject: 'partner_1', details: { partnerId: 'partner_1', host: 'a.example', error: 'tls CERT_HAS_EXPIRED' } },
  ],
  [
    'message.exhausted',
    { partnerId: 'partner_1', host: 'a.example', httpStatus: 503, error: null, detail: null },
    { details: { error: 'http_503' } },
  ],
  ['backup.failed', { at: '2026-11-26T02:00:00.000Z', reason: 'no_room' }, { condition: 'backup.failed', adds: 1 }],
  ['backup.done', { at: '2026-11-26T02:00:00.000Z', bytes: 1 }, { condition: 'backup.failed', details: null }],
  ['account.throttled', PAUSED, null],
])('%s %o is noted as %o', (name, fields, expected) => {
  const note = noteOf({ name, level: 'warn', fields } as unknown as TelemetryEvent, AT)
  if (expected === null) expect(note).toBeNull()
  else expect(note).toMatchObject(expected)
})
