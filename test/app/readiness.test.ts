import { describe, expect, test } from 'vitest'
import { createReadiness } from '../../src/app/readiness.ts'
import type { ServiceNode } from '../../src/store/operators/nodes.ts'
import type { AccountStats, Stats } from '../../src/store/stats/stats.ts'
import { unavailableBy } from '../../src/store/unavailable.ts'

const QUEUE = { due: 0, dueIsCapped: false, scheduled: 0, leased: 0, oldestDueAt: null }
const ACCOUNT: AccountStats = {
  ...{
    id: 'acc_1',
    apiId: 'C1',
    rate: 5,
    rateNow: 5,
    probeAt: null,
    waiting: 0,
    isRemoved: false,
    catchUpMs: 0,
    answers: null,
    ...QUEUE,
  },
  ...{ pausedAt: null, pauseReason: null, pauseCode: null, unreachableAt: null, unreachableError: null, probes: 0 },
}
const NODE: ServiceNode = {
  ...{ id: 'node_1', name: 'secret-host:8080', version: '1.0.0', settings: 'aaaaaaaa', key: '11111111' },
  ...{ roles: ['poll'], clockAheadMs: null, answers: null, startedAt: 0, seenAt: 0, steadyAt: 0, lostAt: null },
}
const STATS: Stats = {
  ...{ at: 0, accounts: [ACCOUNT], polls: QUEUE, nodes: [NODE], firstPartnerAt: null, refusingChannel: null },
  deliveries: { ...QUEUE, held: 0, heldAt: null, givenUp: 0, givenUpIsCapped: false, resent: 0, resentIsCapped: false },
  callbacks: { gone: 0, failing: 0, disabled: 0 },
  failingHosts: { worst: [], hosts: 0 },
  bulk: { resends: { open: 0, remaining: 0 }, acts: { open: 0, remaining: 0 } },
  disabledPartners: [],
  backup: { good: null, failed: null },
  engine: { kind: 'sqlite', path: null, databaseBytes: 1, walBytes: 1, diskFreeBytes: 1e12, masterKey: 'f00d' },
}

const open = (stats: Partial<Stats> = {}) => {
  const state = {
    now: 0,
    probes: 0,
    isRemoved: false,
    looks: 0,
    fault: null as Error | null,
    waits: null as Promise<void> | null,
  }
  const stopping = new AbortController()
  const ready = createReadiness(
    {
      probe: async () => {
        state.probes++
        await state.waits
        if (state.fault) throw state.fault
      },
      stats: async () => {
        state.looks++
        if (state.fault) throw state.fault
        return { ...STATS, ...stats }
      },
    },
    { monotonic: () => state.now },
    stopping.signal,
  )
  const check = async (name: string) => (await ready()).find(one => one.name === name)
  return { ready, state, check, stop: () => stopping.abort() }
}

describe('readiness', () => {
  test('is all well, with no reasons', async () => {
    const checks = await open().ready()
    expect(checks.map(({ name }) => name)).toEqual([
      'process',
      'database',
      'accounts',
      'upstream',
      'deliveries',
      'nodes',
      'clock',
      'operator',
    ])
    expect(checks.every(({ ok, reason }) => ok && reason === null)).toBe(true)
  })

  test('tells of accounts by their ids alone, and stays ready', async () => {
    const paused = { pausedAt: 0, pauseReason: 'credentials_wrong', pauseCode: 405 } as const
    const silent = { id: 'acc_2', unreachableAt: 0, unreachableError: 'unreachable: ECONNREFUSED' }
    const many = Array.from({ length: 21 }, (_, n) => ({ ...ACCOUNT, ...paused, id: `acc_${n + 3}` }))
    const { ready } = open({ accounts: [{ ...ACCOUNT, ...paused }, { ...ACCOUNT, ...silent }, ...many] })
    const checks = await ready()
    expect(checks).toContainEqual({
      ...{ name: 'accounts', ok: true },
      reason: expect.stringMatching(/^Account acc_1 has been paused .*\(code 405\).* 2 more$/),
    })
    expect(checks).toContainEqual({
      ...{ name: 'upstream', ok: true },
      reason: expect.stringMatching(/acc_2 .*unreachable: ECONNREFUSED/),
    })
    expect(JSON.stringify(checks)).not.toContain('C1')
  })

  test('tells why operators are not told any more, and stays ready', async () => {
    const { check } = open({ refusingChannel: { since: 0, channel: 'wecom', problem: 'key', error: 'errcode 93000' } })
    expect(await check('operator')).toMatchObject({ ok: true, reason: expect.stringContaining('key: errcode 93000') })
  })

  test('names nodes that are lost or differ by their ids alone, and stays ready', async () => {
    const { check } = open({
      nodes: [
        { ...NODE, id: 'node_2', lostAt: 40_000 },
        { ...NODE, id: 'node_3', version: '0.9.0', clockAheadMs: 60_000 },
        { ...NODE, id: 'node_4', startedAt: 1 },
      ],
    })
    expect(await check('nodes')).toEqual({
      ...{ name: 'nodes', ok: true },
      reason: expect.stringMatching(/^The node node_2 has not reported since .*the node node_3 differs .*: version\.$/),
    })
    expect(await check('clock')).toMatchObject({ ok: true, reason: expect.stringContaining('clock of node_3') })
  })

  test('fails with a reason while the process stops, and waits for no database to say so', async () => {
    const { ready, state, stop } = open()
    stop()
    state.waits = Promise.withResolvers<void>().promise
    expect(await ready()).toEqual([{ name: 'process', ok: false, reason: 'the process is stopping' }])
  })

  test('fails while the database cannot be written, and recovers', async () => {
    const { state, check } = open()
    state.fault = unavailableBy('SQLITE_FULL', 'full')
    expect(await check('database')).toMatchObject({
      ...{
        ok: false,
        reason: expect.stringMatching(
          /^the database cannot be used now \(its disk is full: SQLITE_FULL\)\. Free some space/,
        ),
      },
    })
    state.fault = null
    state.now += 1_000
    expect(await check('database')).toMatchObject({ ok: true, reason: null })
  })

  test('asked the database how it goes at each request, which needs no key', async () => {
    const { ready, state } = open()
    await Promise.all(Array.from({ length: 50 }, () => ready()))
    expect(state.looks).toBe(1)
    state.now += 1_000
    await ready()
    expect(state.looks).toBe(2)
  })

  test('writes to the disk once a second at most, however many ask', async () => {
    const { ready, state } = open()
    await Promise.all(Array.from({ length: 50 }, () => ready()))
    state.now += 999
    await ready()
    expect(state.probes).toBe(1)
    state.now += 1
    await ready()
    expect(state.probes).toBe(2)
  })

  test('each second a look at a database that keeps all waiting took one more connection', async () => {
    const { ready, state } = open()
    const { promise, resolve } = Promise.withResolvers<void>()
    state.waits = promise
    const asked = [ready()]
    state.now += 3_000
    asked.push(ready())
    expect(state.probes).toBe(1)
    resolve()
    await Promise.all(asked)
    await ready()
    expect(state.probes).toBe(2)
  })
})
