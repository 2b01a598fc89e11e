import { expect, test } from 'vitest'
import { MINUTE } from '../../../src/core/duration.ts'
import {
  afterMessageClaim,
  heldAllowance,
  isBehind,
  partnersRoundRobin,
  takeMessages,
} from '../../../src/store/messages/take-messages.ts'

const AT = 1_795_507_200_000
const row = (seq: number, more: { retries?: number; isHeld?: boolean } = {}) => ({
  ...{ seq, retries: 0, isHeld: false },
  ...more,
})
type Row = ReturnType<typeof row>
const take = (oldest: readonly Row[], count: number, newest: readonly Row[] = []) => {
  const { taken, held } = takeMessages({ oldest, newest }, count)
  return { taken: taken.map(({ seq }) => seq), held: held.map(({ seq }) => seq) }
}

test('messages for a held URL are held, and later ones are handed out', () => {
  const rows = [row(1, { isHeld: true }), row(2), row(3), row(4)]
  expect(take(rows, 2)).toEqual({ taken: [2, 3], held: [1] })
})

test('a claim reads further rows only where some may be held, and not without end', () => {
  expect(heldAllowance({ hasHeld: false, left: 1_000 })).toBe(0)
  expect(heldAllowance({ hasHeld: true, left: 1_000 })).toBe(100)
  expect(heldAllowance({ hasHeld: true, left: 30 })).toBe(30)
})

test('a lane is behind whose first message has been due for a minute', () => {
  expect([undefined, AT - MINUTE, AT - MINUTE - 1].map(dueAt => isBehind(dueAt, AT))).toEqual([false, false, true])
})

test('of a lane that is behind, first attempts get half, and old retries the rest', () => {
  const old = [1, 2, 3, 4].map(seq => row(seq, { retries: 1 }))
  expect(take(old, 4, [row(4, { retries: 1 }), row(9)]).taken).toEqual([9, 1, 2, 3])
  expect(
    take(
      old,
      4,
      [6, 7, 8, 9].map(seq => row(seq)),
    ).taken,
  ).toEqual([6, 7, 1, 2])
  expect(
    take(
      old.slice(0, 1),
      4,
      [6, 7, 8].map(seq => row(seq)),
    ).taken,
  ).toEqual([6, 7, 1, 8])
})

const NOTHING = { isWholeRound: true, lanes: 0, messages: 0, firstDue: 500 }

test('a claim is followed by one when the next is due where it handed out messages, or found nothing of anybody', () => {
  expect(afterMessageClaim({ ...NOTHING, lanes: 1, messages: 1 }, 1_000)).toBe(500)
  expect(afterMessageClaim(NOTHING, 1_000)).toBe(500)
})

test('a claim that only held messages, or has not looked at all partners, is followed by another soon', () => {
  const held = { ...NOTHING, lanes: 1 }
  expect(afterMessageClaim(held, 1_000)).toBe(1_010)
  expect(afterMessageClaim({ ...held, firstDue: 5_000 }, 1_000)).toBe(5_000)
  expect(afterMessageClaim({ ...held, firstDue: null }, 1_000)).toBe(null)
  expect(afterMessageClaim({ ...NOTHING, isWholeRound: false }, 1_000)).toBe(1_100)
})

const idOf = (n: number) => `prt_${String(n).padStart(4, '0')}`
const partnersAfter = (last: string, count: number) => {
  const all = Array.from({ length: count }, (_, n) => ({ id: idOf(n) }))
  return partnersRoundRobin(last, async windows =>
    windows.map(({ after, max }) => all.filter(({ id }) => id > after).slice(0, max)),
  )
}

test('a claim goes round all partners, each once, from after the last one', async () => {
  const { partners, isWholeRound } = await partnersAfter(idOf(6), 10)
  expect(partners.map(({ id }) => id)).toEqual([7, 8, 9, 0, 1, 2, 3, 4, 5, 6].map(idOf))
  expect(isWholeRound).toBe(true)
})
