import { expect, test } from 'vitest'
import { type Json, openApi, openApiForEach } from '../support/api.ts'

const api = openApiForEach()

const lookUp = (idcardids: unknown, from = api) =>
  from.call('POST', '/v1/registrations/lookup', { body: { idcardids } })
const hookOf = (n: number) => `https://h${n}.example/hook`

test('answers each serial in the order of the request, with the caller’s own registrations, the newest first', async () => {
  const old = await api.register({ idcardid: 'a' })
  const other = await api.register({ idcardid: 'b' })
  const newer = await api.register({ idcardid: 'a', callbackUrl: hookOf(1) })
  await api.register({ idcardid: 'foreign' }, api.other.key)
  await api.succeed()
  const { status, json } = await lookUp(['b', 'foreign', 'a', 'unknown', 'b'])
  expect(status).toBe(200)
  expect(Object.keys(json)).toEqual(['data'])
  expect(
    json.data.map(({ idcardid, registrations }: Json) => [idcardid, registrations.map(({ id }: Json) => id)]),
  ).toEqual([
    ['b', [other.id]],
    ['foreign', []],
    ['a', [newer.id, old.id]],
    ['unknown', []],
    ['b', [other.id]],
  ])
  const listed = (await api.call('GET', '/v1/registrations?idcardid=a')).json.data
  expect(listed).toEqual(json.data[2].registrations.map((one: Json) => ({ ...one, lastAttempt: null })))
})

test.each([
  ['none', [], 'idcardids'],
  ['a thousand and one', Array.from({ length: 1_001 }, () => 'a'), 'idcardids'],
  ['a text', 'a', 'idcardids'],
  ['a number among them', ['a', 16236437872836], 'idcardids.1'],
  ['what is no serial', ['a', 'b', '0'], 'idcardids.2'],
])('refuses %s', async (_, idcardids, path) => {
  const { status, json } = await lookUp(idcardids)
  expect([status, json.errors]).toEqual([422, [{ path, message: expect.stringMatching(/^must be /) }]])
})

test('refuses serials that have more than 5,000 registrations together, repeated ones too', async () => {
  for (let n = 0; n < 100; n++) await api.register({ idcardid: 'many', callbackUrl: hookOf(n) })
  expect((await lookUp(Array.from({ length: 50 }, () => 'many'))).status).toBe(200)
  const { status, json } = await lookUp(Array.from({ length: 51 }, () => 'many'))
  expect([status, json.errors]).toEqual([422, [{ path: 'idcardids', message: expect.stringContaining('5000') }]])
})

test('costs what it holds, at the rate of lists', async () => {
  await using small = await openApi({ server: { apiRate: 25 } })
  await small.register({ idcardid: 'a' })
  const serials = Array.from({ length: 501 }, () => 'a')
  expect((await lookUp(serials, small)).status).toBe(200)
  const refused = await lookUp(['a'], small)
  expect([refused.status, refused.json.detail]).toEqual([429, expect.stringMatching(/250 .*500/)])
  small.clock.now += 1_000
  expect((await lookUp(['a'], small)).status).toBe(200)
})

test('costs a tenth of an item for each serial of which nothing is found', async () => {
  await using small = await openApi({ server: { apiRate: 25 } })
  const serials = Array.from({ length: 1_000 }, (_, n) => `unknown-${n}`)
  for (let n = 0; n < 5; n++) expect((await lookUp(serials, small)).status).toBe(200)
  expect((await lookUp(serials, small)).status).toBe(429)
})
