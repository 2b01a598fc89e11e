import { expect, test } from 'vitest'
import { DAY, HOUR } from '../../../src/core/duration.ts'
import { afterAttemptAt, type CallbackHealth, endsHold, STILL_FAILING_MS } from '../../../src/store/callbacks/health.ts'

const AT = 1_795_507_200_000
const CLAIMED = { claimedAt: AT, holdsUrl: false } as const
const REJECTED = { outcome: 'rejected', httpStatus: 503, error: null, ...CLAIMED } as const
const SILENT = { outcome: 'failed', httpStatus: null, error: 'no_response', ...CLAIMED } as const
const DELIVERED = { outcome: 'delivered', httpStatus: 200, error: null, ...CLAIMED } as const
const GONE = { outcome: 'gone', httpStatus: 410, error: null, ...CLAIMED, holdsUrl: true } as const

const health = (more: Partial<CallbackHealth> = {}): CallbackHealth => ({
  failingSince: AT,
  attempts: 10,
  lastError: 'http_503',
  lastAt: AT,
  state: 'watched',
  heldSince: null,
  ...more,
})

test('the first failure begins it, and says how it failed', () => {
  expect(afterAttemptAt(null, SILENT, AT)).toEqual({
    health: { failingSince: AT, attempts: 1, lastError: 'no_response', lastAt: AT, state: 'watched', heldSince: null },
    transition: null,
  })
})

test('a success where nothing had failed changes nothing', () => {
  expect(afterAttemptAt(null, DELIVERED, AT)).toEqual({ health: null, transition: null })
})

test.each([
  ['failing', 'an hour and ten attempts', health({ attempts: 9 }), HOUR, 'failing'],
  ['watched', 'ten attempts within the hour', health({ attempts: 9 }), HOUR - 1, null],
  ['watched', 'nine attempts in five days', health({ attempts: 8 }), 5 * DAY, null],
  ['disabled', 'five days', health({ state: 'failing' }), 5 * DAY, 'disabled'],
  ['failing', 'five days less a ms', health({ state: 'failing' }), 5 * DAY - 1, null],
  ['disabled', 'the tenth attempt after five days', health({ attempts: 9 }), 5 * DAY, 'disabled'],
] as const)('it is %s after %s', (state, _name, before, ms, transition) => {
  const plan = afterAttemptAt({ ...before, lastAt: AT + ms - HOUR }, REJECTED, AT + ms)
  expect([plan.health?.state, plan.transition]).toEqual([state, transition])
})

test('of many failures within an hour only the first ten are written, unless they fail in another way', () => {
  const known = health({ state: 'failing', lastAt: AT + 2 * HOUR })
  const at = AT + 2 * HOUR + 1
  expect(afterAttemptAt(known, REJECTED, at).health).toBe(known)
  expect(afterAttemptAt(known, SILENT, at).health).toMatchObject({ lastError: 'no_response', attempts: 10 })
})

const HELD = { state: 'disabled', heldSince: AT } as const

test('a success ends it and releases the hold, after a 410 only if it was claimed later', () => {
  expect(afterAttemptAt(health({ state: 'failing' }), DELIVERED, AT)).toEqual({ health: null, transition: 'recovered' })
  expect(afterAttemptAt(health(), DELIVERED, AT)).toEqual({ health: null, transition: null })
  expect(afterAttemptAt(health(HELD), DELIVERED, AT)).toMatchObject({
    health: { state: 'releasing', heldSince: null },
    transition: 'enabled',
  })
  const gone = health({ ...HELD, state: 'gone' })
  expect(afterAttemptAt(gone, DELIVERED, AT)).toEqual({ health: gone, transition: null })
  expect(afterAttemptAt(gone, { ...DELIVERED, claimedAt: null }, AT).health).toBe(gone)
  expect(afterAttemptAt(gone, { ...DELIVERED, claimedAt: AT + 1 }, AT + 2).health).toMatchObject({ state: 'releasing' })
  const stopped = health({ ...HELD, lastError: 'operator' })
  expect(afterAttemptAt(stopped, { ...DELIVERED, claimedAt: AT + 1 }, AT + 2).health).toBe(stopped)
})

test('a 410 holds it, also while an earlier hold is released, unless its claim no longer held', () => {
  for (const before of [null, health({ state: 'failing' }), health({ state: 'releasing' })]) {
    expect(afterAttemptAt(before, GONE, AT).health).toMatchObject({ state: 'gone', heldSince: AT })
    expect(afterAttemptAt(before, { ...GONE, holdsUrl: false }, AT)).toEqual({ health: before, transition: null })
  }
})

test.each([
  ['failed', SILENT],
  ['a 410', GONE],
] as const)('attempts in flight when it was disabled change nothing: %s', (_name, attempt) => {
  const disabled = health(HELD)
  expect(afterAttemptAt(disabled, attempt, AT + 6 * DAY)).toEqual({ health: disabled, transition: null })
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
    health: {
      failingSince: at + 1,
      attempts: 1,
      lastError: 'http_503',
      lastAt: at + 1,
      state: 'watched',
      heldSince: null,
    },
    transition: null,
  })
})

test('a clock that was set back lets it begin then, and disables nothing too early', () => {
  const plan = afterAttemptAt(health({ attempts: 1 }), REJECTED, AT - DAY)
  expect(plan.health).toMatchObject({ failingSince: AT - DAY, attempts: 2 })
})

test('each way to end a hold ends it, but only an operator enables a URL that one disabled', () => {
  for (const end of ['registration', 'test', 'operator'] as const) {
    expect(endsHold(end, health({ ...HELD, state: 'gone' }))).toBe(true)
    expect(endsHold(end, health(HELD))).toBe(true)
    expect(endsHold(end, health({ ...HELD, lastError: 'operator' }))).toBe(end === 'operator')
    expect(endsHold(end, health({ state: 'failing' }))).toBe(false)
  }
})
