import { describe, expect, test } from 'vitest'
import { createReadiness } from '../../src/app/readiness.ts'
import { AppError } from '../../src/core/error.ts'
import type { JudgedNode } from '../../src/store/operators/nodes.ts'
import type { Account } from '../../src/store/store.ts'
import { both } from '../support/words.ts'

const ACCOUNT: Account = {
  id: 'acc_1',
  apiId: 'C1',
  passwordMode: 'dynamic',
  rate: 5,
  partnerId: null,
  pausedAt: null,
  pauseReason: null,
  pauseCode: null,
  unreachableAt: null,
  unreachableError: null,
}

const NODE: JudgedNode = {
  ...{ id: 'node_1', name: 'secret-host:8080', version: '1.0.0', settings: 'aaaaaaaa', key: '11111111' },
  ...{ roles: ['poll'], clockAheadMs: null, startedAt: 0, seenAt: 0, steadyAt: 0, lostAt: null },
  ...{ isLost: false, differsIn: [], differsSince: null },
}

const open = (accounts: readonly Account[] = [ACCOUNT], whyOff: (() => string | null) | null = null) => {
  const state = {
    now: 0,
    probes: 0,
    lists: 0,
    fault: null as Error | null,
    waits: null as Promise<void> | null,
    heldAt: null as number | null,
    nodes: [] as JudgedNode[],
  }
  const stopping = new AbortController()
  const readiness = createReadiness(
    {
      probe: async () => {
        state.probes++
        await state.waits
        if (state.fault) throw state.fault
      },
      listAccounts: async ({ limit, after }) => {
        state.lists++
        if (state.fault) throw state.fault
        return accounts.filter(({ id }) => after === null || id > after).slice(0, limit)
      },
      deliveriesHeldAt: async () => state.heldAt,
    },
    { monotonic: () => state.now },
    { whyOff, nodes: () => state.nodes, stopping: stopping.signal },
  )
  const check = async (name: string) => (await readiness.checks()).find(one => one.name === name)
  return { readiness, state, check, stop: () => stopping.abort() }
}

describe('readiness', () => {
  test('is all well, with no reasons', async () => {
    const checks = await open().readiness.checks()
    expect(checks.map(({ name }) => name)).toEqual([
      'process',
      'database',
      'accounts',
      'upstream',
      'deliveries',
      'nodes',
      'clock',
    ])
    expect(checks.every(({ ok, reason }) => ok && reason === null)).toBe(true)
  })

  test('tells why operators are not told any more, and stays ready', async () => {
    let reason: string | null = null
    const { check } = open([ACCOUNT], () => reason)
    expect(await check('operator')).toEqual({ name: 'operator', ok: true, reason: null })
    reason = 'nothing is sent to OPERATOR_URL (wecom) any more: key'
    expect(await check('operator')).toEqual({ name: 'operator', ok: true, reason })
  })

  test('names nodes that are lost or differ by their ids alone, and stays ready', async () => {
    const { state, check } = open()
    state.nodes = [
      NODE,
      { ...NODE, id: 'node_2', isLost: true },
      { ...NODE, id: 'node_3', differsIn: ['version', 'key'] },
    ]
    expect(await check('nodes')).toEqual({
      ...{ name: 'nodes', ok: true },
      reason:
        'node_2 has not shown itself since 1970-01-01T00:00:00.000Z; node_3 differs from the others in its version, key',
    })
  })

  test('fails with a reason while the process stops, and waits for no database to say so', async () => {
    const { readiness, state, stop } = open()
    stop()
    state.waits = Promise.withResolvers<void>().promise
    expect(await readiness.checks()).toEqual([{ name: 'process', ok: false, reason: 'the process is stopping' }])
  })

  test('fails while the database cannot be written, and recovers', async () => {
    const { state, check } = open()
    state.fault = new AppError('unavailable', both('the database cannot be used now (SQLITE_FULL)'))
    expect(await check('database')).toMatchObject({
      ...{
        ok: false,
        reason: expect.stringMatching(/^the database cannot be used now \(SQLITE_FULL\)\. Free some space/),
      },
    })
    state.fault = null
    state.now += 1_000
    expect(await check('database')).toMatchObject({ ok: true, reason: null })
  })

  test('asked the database for the accounts at each request, which needs no key', async () => {
    const { readiness, state } = open()
    await Promise.all(Array.from({ length: 50 }, () => readiness.checks()))
    expect(state.lists).toBe(1)
    state.now += 1_000
    await readiness.checks()
    expect(state.lists).toBe(2)
  })

  test('writes to the disk once a second at most, however many ask', async () => {
    const { readiness, state } = open()
    await Promise.all(Array.from({ length: 50 }, () => readiness.checks()))
    state.now += 999
    await readiness.checks()
    expect(state.probes).toBe(1)
    state.now += 1
    await readiness.checks()
    expect(state.probes).toBe(2)
  })

  test('each second a look at a database that keeps all waiting took one more connection', async () => {
    const { readiness, state } = open()
    const { promise, resolve } = Promise.withResolvers<void>()
    state.waits = promise
    const asked = [readiness.checks()]
    state.now += 3_000
    asked.push(readiness.checks())
    expect(state.probes).toBe(1)
    resolve()
    await Promise.all(asked)
    await readiness.checks()
    expect(state.probes).toBe(2)
  })
})
