import { expect, test } from 'vitest'
import { openApiForEach } from '../support/api.ts'

const api = openApiForEach()

const LIST = '/v1/registrations'

test('more than twenty parameters are refused in a word, known or not, however many', async () => {
  for (const [name, count] of [
    ['limit', 21],
    ['x', 21],
    ['', 8_000],
  ] as const) {
    const query = Array.from({ length: count }, (_, n) => (name === 'limit' ? 'limit=5' : `${name}${n}`)).join('&')
    const { status, json } = await api.call('GET', `${LIST}?${query}`)
    expect([status, json.type]).toEqual([400, '/docs/problems#invalid_query'])
    expect(json.detail).toBe('There are more than 20 query parameters.')
    expect(json.errors).toBeUndefined()
  }
})

test.each([
  ['?', 200],
  ['?limit=%35', 200],
  ['?limit=5#limit=6', 200],
  ['?limit=5?', 400],
  ['?&&&limit=0', 400],
  ['?%6cimit=5&limit=5', 400],
])('%s is read as everywhere: %i', async (query, status) => {
  expect((await api.call('GET', `${LIST}${query}`)).status).toBe(status)
})
