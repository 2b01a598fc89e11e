import { describe, expect, test } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../src/core/duration.ts'
import {
  afterNote,
  afterTold,
  MOST_EVENTS_OF_A_PARTNER,
  MOST_OPERATOR_EVENTS,
  type OperatorEvent,
  type OperatorNote,
  operatorEventType,
  overflowing,
} from '../../src/core/operator-event.ts'

const PAUSED = {
  code: 'account_paused',
  since: 0,
  account: 'C1',
  reason: 'frozen',
  upstreamCode: 4050,
  nextTryAt: 9,
} as const
const paused = (at: number, adds = 1): OperatorNote => ({
  ...{ condition: 'account.paused', subject: 'acc_1', at, adds, details: PAUSED },
})
const resumed = (at: number): OperatorNote => ({ ...paused(at), details: null }) as OperatorNote
const exhausted = (at: number): OperatorNote => ({
  ...{ condition: 'message.exhausted', subject: 'partner_1', at, adds: 1 },
  details: { partnerId: 'partner_1', host: 'partner.example' },
})

const exhaustedEvent: OperatorEvent = {
  ...{ condition: 'message.exhausted', subject: 'partner_1', state: 'firing', since: 0, at: 0, count: 1 },
  ...{ details: { partnerId: 'partner_1', host: 'partner.example' }, toldState: null, toldAt: null, dueAt: 0 },
}

/** Notes each at its time, and tells whatever is due after each; what was told. */
const run = (notes: readonly OperatorNote[], until: number) => {
  let event: OperatorEvent | null = null
  const told: string[] = []
  const tellDue = (now: number) => {
    if (event?.dueAt == null || event.dueAt > now) return
    const at = event.dueAt
    told.push(`${at / MINUTE} ${operatorEventType(event)} ${event.count}`)
    event = { ...event, ...afterTold(event, event, at) }
    tellDue(now)
  }
  for (const note of notes) {
    tellDue(note.at)
    event = afterNote(event, note, note.at) ?? event
    tellDue(note.at)
  }
  tellDue(until)
  return told
}
const at = (minutes: number): number => minutes * MINUTE

describe('operators are told', () => {
  test('of what happens again within an hour once, and of its number at the end of the hour', () => {
    expect(run([paused(at(0)), paused(at(1)), paused(at(20))], at(300))).toEqual([
      '0 account.paused 1',
      '60 account.paused 3',
    ])
  })

  test('of what only happens also within the hour, where the number has a digit more', () => {
    const notes = [0, 1, 2, 3].map(minute => ({ ...exhausted(at(minute)), adds: [1, 8, 1, 89][minute] ?? 0 }))
    expect(run(notes, at(300))).toEqual(['0 message.exhausted 1', '2 message.exhausted 10', '62 message.exhausted 99'])
    const told = { ...exhaustedEvent, count: 10 }
    expect(afterTold(told, { state: 'firing', count: 9 }, at(5))).toMatchObject({ dueAt: at(5) })
    expect(afterTold(told, { state: 'firing', count: 10 }, at(5))).toMatchObject({ dueAt: null })
  })

  test('of its end, whenever that is', () => {
    expect(run([paused(at(0)), resumed(at(2))], at(300))).toEqual(['0 account.paused 1', '2 account.resumed 1'])
  })

  test('of what ended before it could be told', () => {
    const event = afterNote(afterNote(null, paused(0), 0), resumed(SECOND), SECOND)
    expect(event).toMatchObject({ state: 'resolved', dueAt: SECOND, since: 0 })
  })

  test('not of what comes and goes, but of what stays', () => {
    const flaps = [0, 2, 4, 6, 8].flatMap(minute => [paused(at(minute)), resumed(at(minute + 1))])
    expect(run(flaps, at(300))).toEqual(['0 account.paused 1', '1 account.resumed 1'])
    expect(run([...flaps, paused(at(10))], at(300))).toEqual([
      '0 account.paused 1',
      '1 account.resumed 1',
      '15 account.paused 1',
    ])
  })

  test('of what comes again after an hour as of something new', () => {
    expect(run([paused(at(0)), resumed(at(2)), paused(at(70))], at(300))).toEqual([
      '0 account.paused 1',
      '2 account.resumed 1',
      '70 account.paused 1',
    ])
  })

  test('of what has no end: anew after an hour without another', () => {
    expect(run([exhausted(at(0)), exhausted(at(1)), exhausted(at(200))], at(300))).toEqual([
      '0 message.exhausted 1',
      '60 message.exhausted 2',
      '200 message.exhausted 1',
    ])
  })
})

test('a look that finds it still so changes nothing', () => {
  const event = afterNote(null, paused(0), 0)
  expect(afterNote(event, paused(at(90), 0), at(90))).toBeNull()
})

test('a look that is older than what was seen last does not end it', () => {
  const event = afterNote(null, paused(at(1)), at(1))
  expect(afterNote(event, resumed(at(1) - 1), at(1))).toBeNull()
  expect(afterNote(event, resumed(at(1) - HOUR), at(1) - HOUR)).toMatchObject({ state: 'resolved' })
})

test('what came again before its end was told has not ended', () => {
  const known = {
    ...(afterNote(null, paused(0), 0) as OperatorEvent),
    toldState: 'firing',
    toldAt: 0,
    dueAt: null,
  } as const
  const ended = afterNote(known, resumed(at(1)), at(1))
  expect(afterNote(ended, paused(at(2)), at(2))).toMatchObject({ state: 'firing', since: 0, count: 2, dueAt: HOUR })
})

describe('what is forgotten first', () => {
  const event = (n: number, more: Partial<OperatorEvent> = {}) => ({
    ...({ n, condition: 'callback.failing', at: n, state: 'firing', dueAt: 1, toldState: null } as const),
    details: { partnerId: `partner_${n}`, host: 'partner.example', since: 0, error: 'timeout' },
    ...more,
  })
  const paused = (n: number, more: Partial<OperatorEvent> = {}) =>
    event(n, { condition: 'account.paused', details: PAUSED, ...more })
  const rest = (count: number) => Array.from({ length: count }, (_, n) => event(10 + n))
  const gone = (events: readonly ReturnType<typeof event>[]) => overflowing(events).map(({ n }) => n)

  test('is what is over and told, then of partners what has nothing to tell, the oldest first', () => {
    const last = [
      event(5, { state: 'resolved' }),
      event(3, { dueAt: null }),
      event(4, { state: 'resolved', dueAt: null }),
      event(2, { state: 'resolved', dueAt: null }),
    ]
    expect(gone([...last, ...rest(MOST_OPERATOR_EVENTS - 1)])).toEqual([2, 4, 3])
    expect(gone(rest(MOST_OPERATOR_EVENTS))).toEqual([])
  })

  test('was a paused account that operators know of, before the thousandth host of partners', () => {
    const known = paused(1, { dueAt: null, toldState: 'firing' })
    expect(gone([known, ...rest(MOST_OPERATOR_EVENTS)])).toEqual([10])
    const over = paused(2, { state: 'resolved', dueAt: null, toldState: 'resolved' })
    expect(gone([known, over, ...rest(MOST_OPERATOR_EVENTS - 1)])).toEqual([2])
  })

  test('was what a partner has to be told, for what happened to accounts once and was told', () => {
    const details = { account: 'acc_1', status: 'MAYBE' }
    const once = (n: number) =>
      event(n, { condition: 'upstream.unknown_status', details, dueAt: null, toldState: 'firing' })
    const past = Array.from({ length: MOST_OPERATOR_EVENTS }, (_, n) => once(n))
    expect(gone([...past, event(5_000), event(5_001)])).toEqual([0, 1])
  })

  test('is of one partner what is new beyond fifty, so that what was told has its end told', () => {
    const details = event(0).details
    const told = Array.from({ length: MOST_EVENTS_OF_A_PARTNER - 1 }, (_, n) =>
      event(n, { details, dueAt: null, toldState: 'firing' }),
    )
    const over = event(70, { details, state: 'resolved', dueAt: null, toldState: 'resolved' })
    expect(gone([...told, over, event(80, { details }), event(81, { details }), event(82, { details })])).toEqual([
      70, 82, 81,
    ])
  })
})
