import { expect, test } from 'vitest'
import { createClient } from '../../src/client/index.ts'

const json = (status: number, value: unknown) => new Response(JSON.stringify(value), { status })

/** A service that gives no more than two serials at a time, as where they have thousands of registrations together. */
const openClient = () => {
  const asked: string[][] = []
  const client = createClient({
    baseUrl: 'https://notifier.example',
    apiKey: 'ifn_key',
    fetch: async (_url, init) => {
      const { idcardids } = JSON.parse(String(init?.body)) as { idcardids: string[] }
      asked.push(idcardids)
      const refused = idcardids.length > 2 ? 'idcardids' : idcardids.includes('a b') ? 'idcardids.0' : null
      if (refused === null) return json(200, { data: idcardids.map(idcardid => ({ idcardid, registrations: [] })) })
      const problem = { type: '/docs/problems#invalid_body', title: 'Invalid', status: 422, detail: 'One is invalid.' }
      return json(422, { ...problem, errors: [{ path: refused, message: 'have more than 5000: send fewer' }] })
    },
  })
  return { client, asked }
}

test('serials that have too many registrations for one answer are looked up in halves, in order', async () => {
  const { client, asked } = openClient()
  const serials = ['1', '2', '3', '4', '5']
  expect((await client.lookup(serials)).map(({ idcardid }) => idcardid)).toEqual(serials)
  expect(asked).toEqual([serials, ['1', '2', '3'], ['1', '2'], ['3'], ['4', '5']])
})
