import { describe, expect, test } from 'vitest'
import { type Json, openApiForEach } from '../support/api.ts'

const api = openApiForEach()

const create = async (more: object = {}) =>
  api.admin('POST', '/bulk', { act: 'resend', filter: { delivery: 'exhausted' }, reason: 'it works again', ...more })
const run = async () => {
  while (!(await api.store.continueBulkActs(10)).isIdle);
}
/** So many whose webhooks were given up, a second apart; the newest first. */
const exhaust = async (count: number): Promise<string[]> => {
  const ids: string[] = []
  for (let n = 0; n < count; n++) {
    ids.unshift((await api.registerAndGiveUp(500, { idcardid: `serial-number-${n}` })).id)
    api.clock.now += 1_000
  }
  return ids
}

describe('a bulk act', () => {
  test('says before it does anything how many it means, which, and how long it takes', async () => {
    const ids = await exhaust(12)
    const { status, json, headers } = await create()
    expect(status).toBe(201)
    expect(headers.get('location')).toBe(`/v1/admin/bulk/${json.id}`)
    expect(json).toMatchObject({
      act: 'resend',
      filter: { delivery: 'exhausted', partner: null, since: null, until: '2026-11-24T16:20:12.000Z' },
      reason: 'it works again',
      who: 'ADMIN_TOKEN',
      state: 'draft',
      count: 12,
      countIsCapped: false,
      done: 0,
      estimatedSeconds: 1,
    })
    expect(json.sample.map(({ id }: Json) => id)).toEqual(ids.slice(0, 10))
    expect((await api.admin('GET', '/audit?act=bulk.create')).json.data[0].changes).toMatchObject({
      act: { after: 'resend' },
      delivery: { after: 'exhausted' },
      until: { after: '2026-11-24T16:20:12.000Z' },
    })
    await run()
    expect(await api.receiveWith(200)).toBe(0)
  })

  test('shows how far it has come, at which rate, and when it will be done', async () => {
    await exhaust(4)
    const { id } = (await create()).json
    expect((await api.admin('POST', `/bulk/${id}/start`)).json).toMatchObject({ state: 'running', ratePerSecond: null })
    await api.store.continueBulkActs(2)
    api.clock.now += 4_000
    expect((await api.admin('GET', `/bulk/${id}`)).json).toMatchObject({ done: 2, ratePerSecond: 0.5, secondsLeft: 4 })
    await run()
    expect((await api.admin('GET', `/bulk/${id}`)).json).toMatchObject({ state: 'done', done: 4, secondsLeft: null })
    expect(await api.receiveWith(200)).toBe(4)
  })

  test('can be stopped and started again, and not twice', async () => {
    await exhaust(2)
    const { id } = (await create()).json
    expect((await api.admin('POST', `/bulk/${id}/stop`)).status).toBe(409)
    await api.admin('POST', `/bulk/${id}/start`)
    expect((await api.admin('POST', `/bulk/${id}/start`)).status).toBe(409)
    await api.store.continueBulkActs(1)
    expect((await api.admin('POST', `/bulk/${id}/stop`)).json).toMatchObject({ state: 'stopped', done: 1 })
    expect((await api.admin('POST', `/bulk/${id}/start`)).json).toMatchObject({ state: 'running', endedAt: null })
    await run()
    const { status, json } = await api.admin('POST', `/bulk/${id}/start`)
    expect([status, json.detail]).toEqual([409, expect.stringContaining('Create another one')])
  })

  test('with a dry run, is not kept', async () => {
    await exhaust(1)
    const { status, json } = await create({ dryRun: true })
    expect([status, json.id, json.count, json.sample.length]).toEqual([200, null, 1, 1])
    expect((await api.admin('GET', '/bulk')).json).toEqual({ data: [], nextCursor: null })
    expect((await create({ dryRun: true, filter: {} })).status).toBe(422)
    expect((await api.admin('GET', '/audit')).json.data).toEqual([])
    expect((await create({ filter: {} })).status).toBe(422)
    expect((await api.admin('GET', '/audit')).json.data).toHaveLength(1)
  })

  test('that cancels needs the role admin, to be created and to be started', async () => {
    const { text: key } = await api.addToken('operate')
    const body = { act: 'cancel', filter: { status: 'pending' }, reason: 'x' }
    expect((await api.admin('POST', '/bulk', body, key)).status).toBe(403)
    const { id } = (await api.admin('POST', '/bulk', body)).json
    expect((await api.admin('POST', `/bulk/${id}/start`, undefined, key)).status).toBe(403)
    await api.register()
    expect((await api.admin('POST', `/bulk/${id}/start`)).status).toBe(200)
  })

  test('can mean those whose webhook was created since', async () => {
    const [, older] = await exhaust(2)
    api.clock.now += 60_000
    await api.registerAndGiveUp(500, { idcardid: 'another' })
    const filter = { delivery: 'exhausted', messageSince: '1m' }
    const { json } = await create({ filter })
    expect([json.count, json.filter.messageSince]).toEqual([1, '2026-11-24T16:20:02.000Z'])
    expect(json.sample.map(({ id }: Json) => id)).not.toContain(older)
  })

  test('shows serials whole to the role admin only', async () => {
    await exhaust(1)
    const filter = { serial: 'serial-number-0' }
    const { text: key } = await api.addToken('operate')
    const { text } = await api.admin('POST', '/bulk', { act: 'resend', filter, reason: 'x' }, key)
    expect(text).not.toContain('serial-number-0')
    expect((await create({ filter })).json.filter.serial).toBe('serial-number-0')
  })

  test.each<[object, string]>([
    [{ act: 'erase' }, 'act'],
    [{ filter: {} }, 'filter'],
    [{ filter: { account: 'none' } }, 'filter.account'],
    [{ filter: { partner: 'partner_none' } }, 'filter.partner'],
    [{ filter: { since: 'yesterday' } }, 'filter.since'],
    [{ filter: { since: '9999-12-31T23:59:59-08:00' } }, 'filter.since'],
    [{ filter: { status: 'failed', idcardid: '1' } }, 'filter.idcardid'],
    [{ reason: undefined }, 'reason'],
    [{ act: 'poll', probe: true }, 'probe'],
    [{ dryRun: 1 }, 'dryRun'],
  ])('is refused with %j', async (more, path) => {
    const { status, json } = await create(more)
    expect([status, json.errors]).toEqual([422, [{ path, message: expect.any(String) }]])
  })
})
