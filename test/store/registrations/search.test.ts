import { expect, test } from 'vitest'
import { SECOND } from '../../../src/core/duration.ts'
import { type FoundRegistration, SEARCHED_AT_ONCE } from '../../../src/store/registrations/filter.ts'
import { pageOfPartner, type SearchPlace, searchVerbs } from '../../../src/store/registrations/search.ts'
import type { Tx } from '../../../src/store/tx.ts'

const idOf = (n: number) => `reg_${String(n).padStart(6, '0')}`

/** Registrations 1 to `count` of a partner, none of which has a webhook, but the first. */
const windowsOf = (count: number) => {
  let read = 0
  const window = async ({ before }: SearchPlace, limit: number): Promise<FoundRegistration[]> => {
    const from = before === null ? count : Number(before.slice(4)) - 1
    const ids = Array.from({ length: Math.min(limit, from) }, (_, n) => from - n)
    read += ids.length
    return ids.map(
      n =>
        ({
          ...{ id: idOf(n), partnerId: 'partner_1', createdAt: n * SECOND },
          status: n === 1 ? 'cancelled' : 'pending',
        }) as FoundRegistration,
    )
  }
  return { window, read: () => read }
}

test('a page of a partner looks at so many registrations at most, and says where it stopped', async () => {
  const { window, read } = windowsOf(SEARCHED_AT_ONCE + 10)
  const query = { idcardid: null, status: 'cancelled', delivery: null, limit: 1 } as const
  const empty = await pageOfPartner(window, 'partner_1', { ...query, before: null })
  expect([empty, read()]).toEqual([
    { found: [], next: idOf(11), scanned: SEARCHED_AT_ONCE, lookedBackTo: 11 * SECOND },
    SEARCHED_AT_ONCE,
  ])
  const last = await pageOfPartner(window, 'partner_1', { ...query, before: empty.next })
  expect([last.found.map(({ id }) => id), last.next, last.lookedBackTo]).toEqual([[idOf(1)], null, undefined])
})

test('a page looks only at so many, too, where matches are to be opened', async () => {
  const { window, read } = windowsOf(SEARCHED_AT_ONCE + 10)
  const query = { idcardid: null, status: null, delivery: null, limit: 2, before: null }
  const opened: number[] = []
  const page = await pageOfPartner(window, 'partner_1', query, async meant => {
    opened.push(meant.length)
    return meant.filter(({ id }) => id === idOf(100))
  })
  expect([page.found.map(({ id }) => id), page.next]).toEqual([[idOf(100)], idOf(11)])
  expect(read()).toBe(SEARCHED_AT_ONCE)
  expect(Math.max(...opened)).toBeLessThanOrEqual(1_000)
})

test('a page that has all that it may reads no further', async () => {
  const { window, read } = windowsOf(5_000)
  const query = { idcardid: null, status: null, delivery: null, limit: 2, before: null }
  const { found, next } = await pageOfPartner(window, 'partner_1', query)
  expect([found.length, next, read()]).toEqual([2, idOf(4_999), 3])
})

test('given-up webhooks are counted by windows, and others read in between', async () => {
  const order: string[] = []
  let left = 2_500
  const all = async (_sql: unknown, { limit }: { limit: number }) => {
    const ids = Array.from({ length: Math.min(limit, left) }, (_, n) => left - n)
    left -= ids.length
    order.push(`${ids.length} rows`)
    setImmediate(() => order.push('another read'))
    return ids.map(n => ({ id: idOf(n), partnerId: 'partner_1', status: 'failed', state: 'exhausted', messageAt: 5 }))
  }
  const tx = { all, dialect: { joinByLookup: () => '' } } as unknown as Tx
  const { countExhausted } = searchVerbs.searches({ read: run => run(tx), queued: (_, read) => read() })
  expect(await countExhausted('partner_1', { since: 0, until: 9 })).toBe(2_500)
  expect(order.slice(0, 5)).toEqual(['1000 rows', 'another read', '1000 rows', 'another read', '500 rows'])
})
