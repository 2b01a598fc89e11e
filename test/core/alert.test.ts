import { expect, test } from 'vitest'
import { type Alert, afterNotice, afterObservation, byUrgency, type Observation } from '../../src/core/alert.ts'
import { HOUR, MINUTE } from '../../src/core/duration.ts'

const DISK = { code: 'disk_low', since: null, freeBytes: 1 } as const
const EXHAUSTED = { partnerId: 'partner_1', host: 'partner.example', error: 'timeout' }
const at = (minutes: number): number => minutes * MINUTE
const low = (minutes: number): Observation => ({
  ...{ condition: 'disk.low', subject: 'disk', at: at(minutes), adds: 0, details: DISK },
})
const room = (minutes: number): Observation => ({ ...low(minutes), details: null }) as Observation
const exhausted = (minutes: number, adds = 1, host = EXHAUSTED.host): Observation => ({
  ...{ condition: 'message.exhausted', subject: 'partner_1', at: at(minutes), adds, details: { ...EXHAUSTED, host } },
})
const delivered = (minutes: number) => ({ ...exhausted(minutes, 0), details: null }) as Observation

/**
 * Notes each observation at its time, and sends the due notices after each. Returns the notices: minute, state, count.
 */
const run = (notes: readonly Observation[]) => {
  let event: Alert | null = null
  const told: string[] = []
  const tellDue = (now: number) => {
    if (event?.dueAt == null || event.dueAt > now) return
    const due = event.dueAt
    told.push(`${due / MINUTE} ${event.state} ${event.count}`)
    event = { ...event, ...afterNotice(event, event, due) }
    tellDue(now)
  }
  for (const note of notes) {
    tellDue(note.at)
    event = afterObservation(event, note, note.at) ?? event
    tellDue(note.at)
  }
  tellDue(at(300))
  return told
}

test.each<[string, Observation[], string[]]>([
  ['what goes on is told once', [low(0), low(1), low(90)], ['0 firing 1']],
  ['its end is told at once', [low(0), room(3)], ['0 firing 1', '3 resolved 1']],
  ['what happens is counted for an hour', [exhausted(0), exhausted(1), exhausted(20)], ['0 firing 1', '60 firing 3']],
  [
    'what happens ten times as often is told at once: at 10, 100, 1,000',
    [exhausted(0), exhausted(1, 8), exhausted(2, 3), exhausted(3, 80), exhausted(4, 4_000), exhausted(5, 3_000)],
    ['0 firing 1', '2 firing 12', '4 firing 4092', '64 firing 7092'],
  ],
  [
    'a number that still rises when it is told is told once more, when it has stood for a minute',
    [exhausted(0, 32), exhausted(0.2, 80), exhausted(0.5, 1_600), exhausted(0.75, 1_000), exhausted(1.5, 1_288)],
    ['0 firing 32', '0.2 firing 112', '0.5 firing 1712', '2.5 firing 4000'],
  ],
  [
    'what happens after that is told when the hour is over',
    [exhausted(0, 2), exhausted(0.5), exhausted(2), exhausted(2.5), exhausted(3), exhausted(30)],
    ['0 firing 2', '1.5 firing 3', '61.5 firing 7'],
  ],
  [
    'what happens at another host is told at once, and once',
    [exhausted(0), exhausted(1, 1, 'other.example'), exhausted(2), exhausted(3, 1, 'other.example')],
    ['0 firing 1', '1 firing 2', '61 firing 4'],
  ],
  [
    'that many hosts fail is told of ten of them',
    Array.from({ length: 30 }, (_, n) => exhausted(n, n === 0 ? 10 : 1, `${n}.example`)),
    [...Array.from({ length: 10 }, (_, n) => `${n} firing ${10 + n}`), '69 firing 39'],
  ],
  ['that none is left is told', [exhausted(0), delivered(20), delivered(21)], ['0 firing 1', '20 resolved 1']],
  ['what happens after its hour is new', [exhausted(0), exhausted(90)], ['0 firing 1', '90 firing 1']],
  [
    'what begins again within the hour is told when it has lasted, with its number',
    [low(0), room(3), low(10)],
    ['0 firing 1', '3 resolved 1', '15 firing 2'],
  ],
  [
    'what happens again within the hour is counted from then on',
    [exhausted(0, 4_000), delivered(4), exhausted(20, 12)],
    ['0 firing 4000', '4 resolved 4000', '25 firing 12'],
  ],
  [
    'what is over before that is not told',
    [low(0), room(3), low(10), room(12), low(20), room(21)],
    ['0 firing 1', '3 resolved 1'],
  ],
  [
    'what begins after the hour is new',
    [low(0), room(3), low(90), room(91)],
    ['0 firing 1', '3 resolved 1', '90 firing 1', '91 resolved 1'],
  ],
])('%s', (_, notes, told) => {
  expect(run(notes)).toEqual(told)
})

test('its end is told where it ended while its begin was being told', () => {
  const event = afterObservation(null, low(0), 0) as Alert
  const over = { ...event, ...afterObservation(event, room(1), at(1)) }
  expect(afterNotice(over, event, at(1))).toEqual({ toldState: 'firing', toldAt: at(1), dueAt: at(1) })
})

test('of what is gone before anybody was told, nothing is told, and the next is told at once', () => {
  const event = afterObservation(null, exhausted(0), 0) as Alert
  const over = afterObservation(event, delivered(1), at(1)) as Alert
  expect(over).toMatchObject({ state: 'resolved', dueAt: null })
  expect(afterObservation(over, exhausted(2), at(2))).toMatchObject({ state: 'firing', count: 1, dueAt: at(2) })
})

test('what grows tenfold, or at another host, while it is being told is told at once', () => {
  const event = afterObservation(null, exhausted(0), 0) as Alert
  for (const more of [exhausted(1, 9), exhausted(1, 1, 'other.example')])
    expect(afterNotice(afterObservation(event, more, at(1)) as Alert, event, at(1))).toMatchObject({ dueAt: at(1) })
  const few = afterObservation(event, exhausted(1), at(1)) as Alert
  expect(afterNotice(few, event, at(1))).toMatchObject({ dueAt: at(2) })
})

test('what is noted after the clock was set back counts, though it is written a moment later', () => {
  const event = afterObservation(null, low(6 * 60), 6 * 60) as Alert
  expect(afterObservation({ ...event, at: at(6 * 60) }, room(1), at(1) + 500)).toMatchObject({ state: 'resolved' })
})

test('what concerns all is told before what concerns a partner', () => {
  const due = (condition: Alert['condition'], id: number) => ({ condition, dueAt: HOUR, id })
  const all = [due('message.exhausted', 1), due('account.paused', 2), due('disk.low', 3)]
  expect(all.toSorted(byUrgency).map(({ id }) => id)).toEqual([3, 2, 1])
})
