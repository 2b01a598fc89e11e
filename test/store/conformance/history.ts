import { expect } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../../src/core/duration.ts'
import { ALL_SERIES, type HistoryCounts, noCounts, type Series } from '../../../src/core/history.ts'
import type { StoreFixture } from '../../support/store.ts'
import type { StoreTest } from '../support/store-test.ts'

const entry = (series: Partial<Series>, counts: Partial<HistoryCounts>) => ({
  ...ALL_SERIES,
  ...series,
  ...noCounts(),
  ...counts,
})

const sceneOf = ({ store }: StoreFixture) => {
  const hour = Math.floor(store.now() / HOUR) * HOUR
  const historyOf = (step: '5m' | '1h', series: Partial<Series> = {}, span = {}) =>
    store.historyOf('caller', { ...ALL_SERIES, ...series }, { since: hour, until: hour + HOUR, step, ...span })
  return { store, hour, historyOf }
}

export const describeHistory = (test: StoreTest): void => {
  test('adds up nodes and writes of a minute, and takes the highest of the due counts', async ({ scene }) => {
    const { store, hour, historyOf } = sceneOf(scene)
    const add = (node: string, at: number, counts: Partial<HistoryCounts>) =>
      store.addHistory(node, { at, entries: [entry({}, counts)] })
    await add('node_a', hour, { registrations: 1, arrived50: 1, duePolls: 7 })
    await add('node_a', hour, { registrations: 2, arrivedOver: 1, duePolls: 3 })
    await add('node_b', hour, { registrations: 4, duePolls: 5, dueWebhooks: 2 })
    await add('node_b', hour + 4 * MINUTE, { registrations: 8, duePolls: 9 })
    await add('node_b', hour + 5 * MINUTE, { registrations: 16 })
    const first = { ...noCounts(), registrations: 7, arrived50: 1, arrivedOver: 1, duePolls: 7, dueWebhooks: 2 }
    expect(await historyOf('5m')).toEqual([
      { at: hour, ...first, registrations: 15, duePolls: 9 },
      { at: hour + 5 * MINUTE, ...noCounts(), registrations: 16 },
    ])
    expect(await historyOf('1h')).toEqual([{ at: hour, ...first, registrations: 31, duePolls: 9 }])
  })

  test('returns the steps of a span and a series only', async ({ scene }) => {
    const { store, hour, historyOf } = sceneOf(scene)
    const [mine, other] = [{ partnerId: 'partner_a', host: 'a.example' }, { partnerId: 'partner_b' }]
    for (const minutes of [0, 5, 10, 15])
      await store.addHistory('node', {
        at: hour + minutes * MINUTE,
        entries: [entry({}, { delivered: 9 }), entry(mine, { delivered: 1 + minutes }), entry(other, { delivered: 5 })],
      })
    const found = await historyOf('5m', mine, { since: hour + 5 * MINUTE, until: hour + 15 * MINUTE })
    expect(found.map(({ at, delivered }) => [at, delivered])).toEqual([
      [hour + 5 * MINUTE, 6],
      [hour + 10 * MINUTE, 11],
    ])
    expect(await historyOf('5m', { partnerId: 'partner_a' })).toEqual([])
  })

  test('groups hours by partner, host and account, most failures first', async ({ scene }) => {
    const { store, hour } = sceneOf(scene)
    const [a, b, c, d] = await Promise.all(['a', 'b', 'c', 'd'].map(name => scene.addPartner(name)))
    const host = (partnerId = '', name: string, counts: Partial<HistoryCounts>) => [
      entry({ partnerId }, counts),
      entry({ partnerId, host: name }, counts),
    ]
    const entries = [
      entry({}, { delivered: 90 }),
      entry({ accountId: 'acc_a' }, { polls: 3 }),
      ...host(a, 'a.example', { delivered: 9, failedAttempts: 1 }),
      ...host(b, 'b.example', { delivered: 2, failedAttempts: 1, givenUp: 1 }),
      ...host(c, 'c.example', { delivered: 50 }),
    ]
    await store.addHistory('node', { at: hour - HOUR, entries })
    await store.addHistory('node', { at: hour, entries })
    await store.addHistory('node', { at: hour - 9 * HOUR, entries: host(d, 'd.example', { givenUp: 9 }) })
    const span = { since: hour - HOUR, until: hour + HOUR }
    const { found: partners, isCapped, since } = await store.historyGroups('partner', span)
    expect([isCapped, since]).toEqual([false, hour - HOUR])
    expect(partners.map(one => [one.partnerId, one.host, one.delivered])).toEqual([
      [b, '', 4],
      [a, '', 18],
      [c, '', 100],
    ])
    const { found: hosts } = await store.historyGroups('host', span)
    expect(hosts.map(one => one.host)).toEqual(['b.example', 'a.example', 'c.example'])
    expect((await store.historyGroups('account', span)).found).toMatchObject([{ accountId: 'acc_a', polls: 6 }])
    expect((await store.hostHistoryOf(a ?? '', span)).found).toEqual([
      { accountId: '', partnerId: a, host: 'a.example', ...noCounts(), delivered: 18, failedAttempts: 2 },
    ])
  })

  test('any number of hosts cuts their partner’s own hosts, but no totals of all partners', async ({ scene }) => {
    const { store, hour } = sceneOf(scene)
    const partnerId = scene.partnerId
    for (let n = 0; n < 3; n++) {
      const hosts = Array.from({ length: 4_000 }, (_, i) => entry({ partnerId, host: `h${i}` }, { delivered: 1 }))
      await store.addHistory('node', {
        at: hour - n * HOUR,
        entries: [entry({ partnerId }, { delivered: 7 }), ...hosts],
      })
    }
    const span = { since: hour - 7 * HOUR, until: hour + HOUR }
    expect(await store.historyGroups('partner', span)).toMatchObject({
      ...{ found: [{ partnerId, delivered: 21 }], since: span.since, scanned: 3 },
    })
    expect(await store.hostHistoryOf(partnerId, span)).toMatchObject({ since: hour - HOUR, scanned: 8_000 })
  })

  test('returns 250 groups at most, and says that there are more', async ({ scene }) => {
    const { store, hour } = sceneOf(scene)
    const entries = Array.from({ length: 251 }, (_, n) =>
      entry({ partnerId: 'partner_a', host: `h${n}` }, { delivered: n }),
    )
    await store.addHistory('node', { at: hour, entries })
    const { found, isCapped } = await store.historyGroups('host', { since: hour, until: hour + HOUR })
    expect([found.length, isCapped, found.at(-1)?.host]).toEqual([250, true, 'h1'])
  })

  test('keeps five minutes for a day and hours for eight, and erases older rows with the next write', async ({
    scene,
  }) => {
    const { store, hour, historyOf } = sceneOf(scene)
    const add = (at: number) => store.addHistory('node', { at, entries: [entry({}, { polls: 1 })] })
    await add(hour)
    const span = { since: hour, until: hour + HOUR }
    await scene.advance(DAY + HOUR)
    await add(hour + DAY + HOUR)
    expect([(await historyOf('5m', {}, span)).length, (await historyOf('1h', {}, span)).length]).toEqual([1, 1])
    await scene.advance(HOUR)
    await add(hour + DAY + 2 * HOUR)
    expect([(await historyOf('5m', {}, span)).length, (await historyOf('1h', {}, span)).length]).toEqual([0, 1])
    await scene.advance(7 * DAY)
    await add(hour + 8 * DAY + 2 * HOUR)
    expect((await historyOf('1h', {}, span)).length).toBe(0)
  })
}
