import { expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../src/core/duration.ts'
import {
  afterNote,
  afterTold,
  byUrgency,
  type OperatorEvent,
  type OperatorNote,
} from '../../src/core/operator-event.ts'

const DISK = { code: 'disk_low', since: null, freeBytes: 1 } as const
const EXHAUSTED = { partnerId: 'partner_1', host: 'partner.example', error: 'timeout' }
const at = (minutes: number): number => minutes * MINUTE
const low = (minutes: number): OperatorNote => ({
  ...{ condition: 'disk.low', subject: 'disk', at: at(minutes), adds: 0, details: DISK },
})
const room = (minutes: number): OperatorNote => ({ ...low(minutes), details: null }) as OperatorNote
const exhausted = (minutes: number): OperatorNote => ({
  ...{ condition: 'message.exhausted', subject: 'partner_1', at: at(minutes), adds: 1, details: EXHAUSTED },
})

/** Notes each at its time, and tells whatever is due after each; what was told: minute, state, count. */
const run = (notes: readonly OperatorNote[]) => {
  let event: OperatorEvent | null = null
  const told: string[] = []
  const tellDue = (now: number) => {
    if (event?.dueAt == null || event.dueAt > now) return
    const due = event.dueAt
    told.push(`${due / MINUTE} ${event.state} ${event.count}`)
    event = { ...event, ...afterTold(event, event, due) }
    tellDue(now)
  }
  for (const note of notes) {
    tellDue(note.at)
    event = afterNote(event, note, note.at) ?? event
    tellDue(note.at)
  }
  tellDue(at(300))
  return told
}

test.each<[string, OperatorNote[], string[]]>([
  ['what goes on is told once', [low(0), low(1), low(90)], ['0 firing 1']],
  ['its end is told at once', [low(0), room(3)], ['0 firing 1', '3 resolved 1']],
  ['what happens is counted for an hour', [exhausted(0), exhausted(1), exhausted(20)], ['0 firing 1', '60 firing 3']],
  ['what happens after its hour is new', [exhausted(0), exhausted(90)], ['0 firing 1', '90 firing 1']],
  [
    'what begins again within the hour is told when it has lasted, with its number',
    [low(0), room(3), low(10)],
    ['0 firing 1', '3 resolved 1', '15 firing 2'],
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
  const event = afterNote(null, low(0), 0) as OperatorEvent
  const over = { ...event, ...afterNote(event, room(1), at(1)) }
  expect(afterTold(over, event, at(1))).toEqual({ toldState: 'firing', toldAt: at(1), dueAt: at(1) })
})

test('what is noted after the clock was set back counts, though it is written a moment later', () => {
  const event = afterNote(null, low(6 * 60), 6 * 60) as OperatorEvent
  expect(afterNote({ ...event, at: at(6 * 60) }, room(1), at(1) + 500)).toMatchObject({ state: 'resolved' })
})

test('what concerns all is told before what concerns a partner', () => {
  const due = (condition: OperatorEvent['condition'], id: number) => ({ condition, dueAt: HOUR, id })
  const all = [due('message.exhausted', 1), due('account.paused', 2), due('disk.low', 3)]
  expect(all.toSorted(byUrgency).map(({ id }) => id)).toEqual([3, 2, 1])
})
