import { expect, test } from 'vitest'
import { DAY, HOUR } from '../../../src/core/duration.ts'
import {
  afterAttemptAt,
  type CallbackHealth,
  endsHold,
  mayForgetHealth,
  STILL_FAILING_MS,
} from '../../../src/store/rules/callback-health.ts'

const AT = 1_795_507_200_000
const REJECTED = { outcome: 'rejected', httpStatus: 503, error: null } as const
const SILENT = { outcome: 'failed', httpStatus: null, error: 'no_response' } as const
const DELIVERED = { outcome: 'delivered', httpStatus: 200, error: null } as const
const GONE = { outcome: 'gone', httpStatus: 410, error: null } as const

const health = (more: Partial<CallbackHealth> = {}): CallbackHealth => ({
  failingSince: AT,
  attempts: 10,
  lastError: 'http_503',
  lastAt: AT,
  state: 'watched',
  ...more,
})

test('the first failure begins it, and says how it failed', () => {
  expect(afterAttemptAt(null, SILENT, AT)).toEqual({
    health: { failingSince: AT, attempts: 1, lastError: 'no_response', lastAt: AT, state: 'watched' },
    turn: null,
  })
})

test('a success where nothing had failed changes nothing', () => {
  expect(afterAttemptAt(null, DELIVERED, AT)).toEqual({ health: null, turn: null })
})

test.each([
  ['failing', 'an hour and ten attempts', health({ attempts: 9 }), HOUR, 'failing'],
  ['watched', 'ten attempts within the hour', health({ attempts: 9 }), HOUR - 1, null],
  ['watched', 'nine attempts in five days', health({ attempts: 8 }), 5 * DAY, null],
  ['disabled', 'five days', health({ state: 'failing' }), 5 * DAY, 'disabled'],
  ['failing', 'five days less a ms', health({ state: 'failing' }), 5 * DAY - 1, null],
  ['disabled', 'the tenth attempt after five days', health({ attempts: 9 }), 5 * DAY, 'disabled'],
] as const)('it is %s after %s', (state, _name, before, ms, turn) => {
  const plan = afterAttemptAt({ ...before, lastAt: AT + ms - HOUR }, REJECTED, AT + ms)
  expect([plan.health?.state, plan.turn]).toEqual([state, turn])
})

test('of many failures within an hour only the first ten are written, unless they fail in another way', () => {
  const known = health({ state: 'failing', lastAt: AT + 2 * HOUR })
  const at = AT + 2 * HOUR + 1
  expect(afterAttemptAt(known, REJECTED, at).health).toBe(known)
  expect(afterAttemptAt(known, SILENT, at).health).toMatchObject({ lastError: 'no_response', attempts: 10 })
})

test('a success ends it, and so does a 410, after which the URL is on hold for that', () => {
  expect(afterAttemptAt(health({ state: 'failing' }), DELIVERED, AT)).toEqual({ health: null, turn: 'recovered' })
  expect(afterAttemptAt(health({ state: 'disabled' }), DELIVERED, AT)).toEqual({ health: null, turn: 'enabled' })
  expect(afterAttemptAt(health(), DELIVERED, AT)).toEqual({ health: null, turn: null })
  expect(afterAttemptAt(health({ state: 'failing' }), GONE, AT)).toEqual({ health: null, turn: null })
})

test.each([
  ['failed', SILENT],
  ['a 410', GONE],
] as const)('what was under way when it was disabled changes nothing: %s', (_name, attempt) => {
  const disabled = health({ state: 'disabled' })
  expect(afterAttemptAt(disabled, attempt, AT + 6 * DAY)).toEqual({ health: disabled, turn: null })
})

test.each(['watched', 'failing'] as const)('%s: where nothing was sent for two days it begins anew', state => {
  const before = health({ attempts: 9, state, lastAt: AT + HOUR })
  const at = AT + HOUR + STILL_FAILING_MS
  expect(afterAttemptAt(before, REJECTED, at).health).toMatchObject({
    failingSince: AT,
    attempts: 10,
    state: 'failing',
  })
  expect(afterAttemptAt(before, REJECTED, at + 1)).toEqual({
    health: { failingSince: at + 1, attempts: 1, lastError: 'http_503', lastAt: at + 1, state: 'watched' },
    turn: null,
  })
})

test('a clock that was set back lets it begin then, and disables nothing too early', () => {
  const plan = afterAttemptAt(health({ attempts: 1 }), REJECTED, AT - DAY)
  expect(plan.health).toMatchObject({ failingSince: AT - DAY, attempts: 2 })
})

test('a good test ends the hold of what is disabled, and not that after a 410', () => {
  expect(endsHold('test', health({ state: 'disabled' }))).toBe(true)
  expect(endsHold('test', null)).toBe(false)
  for (const end of ['registration', 'resend', 'operator'] as const) expect(endsHold(end, null)).toBe(true)
})

test('it is forgotten when nothing has failed there for that long, but not while it is disabled', () => {
  expect(mayForgetHealth(health(), AT + 1)).toBe(true)
  expect(mayForgetHealth(health(), AT)).toBe(false)
  expect(mayForgetHealth(health({ state: 'disabled' }), AT + 1)).toBe(false)
})
