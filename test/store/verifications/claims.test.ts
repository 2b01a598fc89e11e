import { expect, test } from 'vitest'
import type { Tx } from '../../../src/store/tx.ts'
import { take } from '../../../src/store/verifications/claims.ts'
import { type DueVerification, FRESH_MS, NEW, queueAfterPoll } from '../../../src/store/verifications/poll-queues.ts'
import type { Head } from '../../../src/store/verifications/queue-heads.ts'
import { afterTaking, FIRST_POLL_PLACE, shareAccount } from '../../../src/store/verifications/round-robin.ts'
import { RUNNING } from '../../support/claimed-account.ts'

const AT = 1_000_000
const AGAIN = queueAfterPoll(NEW, 5_000)
const ACCOUNT = { ...RUNNING, id: 'acc', rate: 1_000_000, allowedAt: AT - 50 }

/** Rows of partners, each due since then, in a queue. */
const waitingOf = (counts: Record<string, number>, { queue = AGAIN, dueAt = AT - 10 } = {}) => {
  const rows = new Map(
    Object.entries(counts).map(([partnerId, count], p) => [
      partnerId,
      Array.from({ length: count }, (_, n): DueVerification => ({ id: p * 1_000 + n, dueAt })),
    ]),
  )
  const heads = [...rows.keys()].map((partnerId): Head => ({ partnerId, queue, dueAt }))
  const asked: { partnerId: string; after: number; max: number }[] = []
  const each = async (_: unknown, windows: readonly unknown[]) =>
    (windows as typeof asked).map(({ partnerId, after, max }) => {
      asked.push({ partnerId, after, max })
      const all = rows.get(partnerId) ?? []
      return all.filter(({ dueAt }) => dueAt > after).slice(0, max)
    })
  const claim = async (free: number, from = FIRST_POLL_PLACE) => {
    const taken = await take({ at: AT, each: each as Tx['each'] }, shareAccount(ACCOUNT, heads, { at: AT, free, from }))
    const ids = taken.flatMap(({ due }) => due.map(({ id }) => id))
    return { ids, place: afterTaking(from, heads, taken) }
  }
  return { claim, asked }
}

test('a claim looks at no more partners than it takes rows', async () => {
  const { claim, asked } = waitingOf(Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`p${n}`, 3])))
  expect((await claim(4)).ids).toHaveLength(4)
  expect(asked).toHaveLength(4)
})

test('the next claim gives a partner’s unused share to the ones after it', async () => {
  const { claim } = waitingOf({ a: 1, b: 9, c: 9 })
  const { ids, place } = await claim(4)
  expect(ids).toEqual([0, 1_000, 1_001])
  expect((await claim(1, place)).ids).toEqual([2_000])
})

test('a claim reads a queue from its head, and where it takes all new ones, the fresh rows', async () => {
  const dueAt = AT - 2 * FRESH_MS
  const { claim, asked } = waitingOf({ a: 3, b: 3 }, { queue: NEW, dueAt })
  await claim(5)
  expect(asked.map(({ partnerId, after }) => [partnerId, after])).toEqual([
    ['a', dueAt - 1],
    ['b', dueAt - 1],
    ['a', AT - FRESH_MS],
    ['b', AT - FRESH_MS],
  ])
})
