import { expect, test } from 'vitest'
import { MINUTE, SECOND } from '../../../src/core/duration.ts'
import type { NewNode } from '../../../src/store/nodes.ts'
import { ADMIN_TOKEN, openApi } from '../support/api.ts'

const node = (name: string, more: Partial<NewNode> = {}): NewNode => ({
  ...{
    id: `node_${name}`,
    name: `${name}:8080`,
    version: '1.0.0',
    settings: 'aaaaaaaa',
    clockAheadMs: null,
    roles: ['api', 'poll'],
  },
  ...more,
})

test('operators see which nodes work on the database, who of them is lost, and who differs', async () => {
  await using api = await openApi()
  const startedAt = new Date(api.clock.now).toISOString()
  for (const one of [node('a'), node('b'), node('c', { settings: 'bbbbbbbb' })]) await api.store.beatNode(one)
  for (const until = api.clock.now + MINUTE; api.clock.now < until; api.clock.now += 5 * SECOND)
    for (const one of [node('a'), node('c', { settings: 'bbbbbbbb' })]) await api.store.beatNode(one)
  await api.store.beatNode(node('d', { roles: ['deliver'] }))
  const { status, json } = await api.call('GET', '/v1/admin/nodes', { key: ADMIN_TOKEN })
  expect(status).toBe(200)
  expect(json.data).toMatchObject([
    { id: 'node_a', lost: false, differsIn: [] },
    { id: 'node_b', lost: true, differsIn: [], startedAt, seenAt: startedAt },
    { id: 'node_c', lost: false, differsIn: ['settings'] },
    { id: 'node_d', lost: false, differsIn: [] },
  ])
  expect(json.data[0]).toEqual({
    ...{
      id: 'node_a',
      name: 'a:8080',
      roles: ['api', 'poll'],
      version: '1.0.0',
      settings: 'aaaaaaaa',
    },
    ...{ key: expect.stringMatching(/^[0-9a-f]+$/), startedAt, lost: false, differsIn: [] },
    seenAt: new Date(api.clock.now - 5 * SECOND).toISOString(),
  })
  expect(json.nextCursor).toBeNull()
})
