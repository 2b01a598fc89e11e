import { describe, expect, test } from 'vitest'
import { type Json, openApiForEach } from '../support/api.ts'

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
    const a = await api.register({ idcardid: 'a_' })
    await api.succeed()
    await api.receiveWith(200)
    const b = await api.register({ idcardid: 'ab' })
    expect(idsOf(await list('?idcardid=a_'))).toEqual([a.id])
    expect(idsOf(await list('?status=pending'))).toEqual([b.id])
    expect(idsOf(await list('?delivery=delivered&status=succeeded'))).toEqual([a.id])
    expect(idsOf(await list('?status=failed'))).toEqual([])
  })

  test.each([
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
})
