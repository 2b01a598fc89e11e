import { describe, expect, test, vi } from 'vitest'
import { DAY, HOUR } from '../../../src/core/duration.ts'
import { type Json, openApi, openApiForEach } from '../support/api.ts'

const api = openApiForEach()

describe('the list', () => {
  const list = async (query = '') => (await api.call('GET', `/v1/registrations${query}`)).json
  const idsOf = ({ data }: Json): string[] => data.map((item: Json) => item.id)

  test('goes from page to page, newest first, until there is no cursor', async () => {
    const ids: string[] = []
    for (let n = 0; n < 5; n++) ids.unshift((await api.register({ idcardid: `n${n}` })).id)
    await api.register({ idcardid: 'foreign' }, api.other.key)
    const first = await list('?limit=2')
    const second = await list(`?limit=2&cursor=${first.nextCursor}`)
    const third = await list(`?limit=2&cursor=${second.nextCursor}`)
    expect([first, second, third].flatMap(idsOf)).toEqual(ids)
    expect(third.nextCursor).toBeNull()
    expect((await list('?limit=5')).nextCursor).toBeNull()
  })

  test('can be filtered by serial, status and delivery', async () => {
    const a = await api.registerAndSend(200, { idcardid: 'a_' })
    const b = await api.register({ idcardid: 'ab' })
    expect(idsOf(await list('?idcardid=a_'))).toEqual([a.id])
    expect(idsOf(await list('?status=pending'))).toEqual([b.id])
    expect(idsOf(await list('?delivery=delivered&status=succeeded'))).toEqual([a.id])
    expect(idsOf(await list('?status=failed'))).toEqual([])
  })

  test('has the last attempt of each webhook, with the error that partners may see', async () => {
    await api.register({ idcardid: 'a' })
    await api.succeed()
    expect((await list()).data[0]).toMatchObject({ idcardid: 'a', lastAttempt: null })
    await api.receiveWith(null)
    const at = new Date(api.clock.now).toISOString()
    const failed = { at, outcome: 'failed', httpStatus: null, error: 'no_response' }
    expect((await list()).data[0].lastAttempt).toEqual(failed)
  })

  test('can be filtered by time, by metadata and by host', async () => {
    const a = await api.register({ idcardid: 'a', metadata: { order: '42', 'a.b': 'c d&é' } })
    api.clock.now += DAY
    const from = new Date(api.clock.now).toISOString()
    const b = await api.register({ idcardid: 'b', metadata: { order: '42' } })
    const beijing = encodeURIComponent(`${new Date(api.clock.now + 8 * HOUR).toISOString().slice(0, 19)}+08:00`)
    await api.register({ idcardid: 'foreign', metadata: { order: '42' } }, api.other.key)
    expect(idsOf(await list('?metadata.order=42'))).toEqual([b.id, a.id])
    expect(idsOf(await list(`?metadata.order=42&since=${from}`))).toEqual([b.id])
    expect(idsOf(await list(`?since=${beijing}`))).toEqual([b.id])
    expect(idsOf(await list(`?until=${beijing}`))).toEqual([b.id, a.id])
    expect(idsOf(await list('?since=2h'))).toEqual([b.id])
    expect(idsOf(await list('?until=2h'))).toEqual([a.id])
    const span = { since: '2026-11-23T16:00:00.000Z', until: '2026-11-24T15:59:59.999Z' }
    expect(await list('?since=2026-11-24&until=2026-11-24&zone=Asia/Shanghai')).toMatchObject(span)
    expect(idsOf(await list('?since=2026-11-24&until=2026-11-24'))).toEqual([a.id])
    expect(idsOf(await list('?since=2026-11-25'))).toEqual([b.id])
    expect(idsOf(await list(`?metadata.${encodeURIComponent('a.b')}=${encodeURIComponent('c d&é')}`))).toEqual([a.id])
    expect(idsOf(await list('?metadata.order=43'))).toEqual([])
    for (const query of ['metadata[a.b]=c d&é', 'metadata[order]=42', 'metadata=c d&é', 'metadata=42'])
      expect([query, (await list(`?${encodeURI(query).replace('&', '%26')}`)).data.length]).toEqual([
        query,
        /42/.test(query) ? 2 : 1,
      ])
    for (const query of ['metadata=order', 'metadata[42]=order', 'metadata[]=42'])
      expect(idsOf(await list(`?${query}`))).toEqual([])
    expect(idsOf(await list('?host=partner.example'))).toEqual([b.id, a.id])
    expect(idsOf(await list('?host=other.example'))).toEqual([])
  })

  test('says where it stopped, where it has looked at so many', async () => {
    await api.register({ metadata: { order: '42' } })
    const lookedBackTo = api.clock.now
    const read = vi.spyOn(api.store, 'listRegistrations')
    expect(await list('?metadata.order=1')).toEqual({ data: [], nextCursor: null })
    read.mockResolvedValueOnce({ found: [], next: 'reg_1', scanned: 5_000, lookedBackTo })
    const stopped = { data: [], nextCursor: expect.any(String), lookedBackTo: new Date(lookedBackTo).toISOString() }
    expect(await list('?metadata.order=1')).toEqual(stopped)
  })

  test.each([
    ['metadata[order=42', 'metadata'],
    ['metadata[order]=42&metadata=42', 'metadata'],
    ['metadata.order=42&metadata.order=43', 'metadata'],
    ['metadata.order=42&metadata.shop=7', 'metadata'],
    ['metadata.order=%00', 'metadata.value'],
    ['since=2026-11-32', 'since'],
    ['since=401d', 'since'],
    ['since=13:00', 'since'],
    ['until=2026-11-24T08:00:00', 'until'],
    ['since=2026-11-25&until=2026-11-24', 'since'],
    ['since=1h&until=2h', 'since'],
    ['zone=Peking', 'zone'],
    ['host=a/b', 'host'],
    ['meta.order=42', 'meta.order'],
    ['limit=0', 'limit'],
    ['limit=251', 'limit'],
    ['cursor=abc!', 'cursor'],
    ['status=done', 'status'],
    ['idcardid=%25', 'idcardid'],
    ['colour=red', 'colour'],
    ['status=pending&status=failed', 'status'],
  ])('refuses ?%s and names the parameter', async (query, path) => {
    const { status, json } = await api.call('GET', `/v1/registrations?${query}`)
    expect([status, json.type]).toEqual([400, '/docs/problems#invalid_query'])
    expect(json.errors).toEqual([{ path, message: expect.stringMatching(/must|is unknown/) }])
  })

  test('an unknown parameter is told to be a key of metadata, if it is meant so', async () => {
    const { json } = await api.call('GET', '/v1/registrations?order=42')
    expect(json.errors[0].message).toMatch(/, or metadata\.order to search your metadata$/)
  })
})

describe('the pages of a partner', () => {
  test('cost a request each, whatever they held: they are charged by the item, and the rate is the partner’s', async () => {
    await using small = await openApi({ server: { apiRate: 25 } })
    for (let n = 0; n < 30; n++) await small.register({ idcardid: `serial-${n}` })
    const read = vi.spyOn(small.store, 'listRegistrations')
    const page = (query = '', key = small.partner.key) => small.call('GET', `/v1/registrations${query}`, { key })
    // 500 at once: a page that may go beyond waits.
    for (let n = 0; n < 16; n++) expect((await page()).json.data).toHaveLength(30)
    const refused = await page()
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
    expect(refused.json.detail).toMatch(/250 .*500/)
    expect(read).toHaveBeenCalledTimes(16)
    expect((await page('', small.other.key)).status).toBe(200)
    small.clock.now += 1_000
    expect((await page()).status).toBe(200)
  })

  test('that are read at the same time are charged before they are read', async () => {
    await using small = await openApi({ server: { apiRate: 25 } })
    await small.register({ idcardid: 'one' })
    const read = vi.spyOn(small.store, 'listRegistrations')
    const pages = Array.from({ length: 20 }, () => small.call('GET', '/v1/registrations?limit=250'))
    const statuses = (await Promise.all(pages)).map(({ status }) => status)
    expect(statuses.filter(status => status === 429)).not.toHaveLength(0)
    expect(read.mock.calls.length).toBe(statuses.filter(status => status === 200).length)
    expect((await small.call('GET', '/v1/registrations?limit=250')).status).toBe(200)
  })

  test.each([
    // 4,000 items at once, 2,000 a second: ten that are scanned cost one, or four that are decrypted.
    ['host=none.example', 8],
    ['metadata.order=none', 3],
  ])('that find nothing are charged by what was scanned: %s', async (query, count) => {
    await using own = await openApi({ server: { apiRate: 200 } })
    const read = vi.spyOn(own.store, 'listRegistrations')
    read.mockResolvedValue({ found: [], next: null, scanned: 5_000 })
    const page = async () => (await own.call('GET', `/v1/registrations?limit=1&${query}`)).status
    for (let n = 0; n < count; n++) expect(await page()).toBe(200)
    expect([await page(), read.mock.calls.length]).toEqual([429, count])
    own.clock.now += 1_000
    expect(await page()).toBe(200)
  })
})
