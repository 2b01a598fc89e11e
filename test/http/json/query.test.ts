import { expect, test } from 'vitest'
import { openApiForEach } from '../support/api.ts'

const api = openApiForEach()

const LIST = '/v1/registrations'

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
