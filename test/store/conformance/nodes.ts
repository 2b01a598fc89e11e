import { expect } from 'vitest'
import { SECOND } from '../../../src/core/duration.ts'
import { HEARTBEAT_MS } from '../../../src/store/operators/nodes.ts'
import { newNode } from '../support/nodes.ts'
import type { StoreTest } from '../support/store-test.ts'

export const describeNodes = (test: StoreTest): void => {
  test('show themselves, and see each other', async ({ scene, store }) => {
    const startedAt = store.now()
    expect(await store.listNodes()).toEqual([])
    await store.beatNode(newNode('a'))
    await scene.advance(SECOND)
    await store.beatNode(newNode('b'))
    await scene.advance(HEARTBEAT_MS)
    const nodes = await store.beatNode(newNode('a'))
    const key = expect.stringMatching(/^[0-9a-f]+$/)
    expect(nodes).toEqual([
      { ...newNode('a'), key, startedAt, steadyAt: startedAt, seenAt: startedAt + 6 * SECOND, lostAt: null },
      {
        ...{ ...newNode('b'), key, startedAt: startedAt + SECOND },
        ...{ steadyAt: startedAt + SECOND, seenAt: startedAt + SECOND, lostAt: null },
      },
    ])
    expect(await store.listNodes()).toEqual(nodes)
  })

  test('are missed by the others from when they are lost until they are back', async ({ scene, store }) => {
    await store.beatNode(newNode('b'))
    let nodes = await store.beatNode(newNode('a'))
    for (let n = 0; n < 8; n++) {
      await scene.advance(HEARTBEAT_MS)
      nodes = await store.beatNode(newNode('a'))
    }
    // The first beat at which it was lost.
    const missedAt = store.now() - HEARTBEAT_MS
    expect(nodes.find(({ id }) => id === 'node_b')).toMatchObject({ lostAt: missedAt })
    expect(await store.listNodes()).toEqual(nodes)
    const at = store.now()
    expect((await store.beatNode(newNode('b'))).find(({ id }) => id === 'node_b')).toMatchObject({
      steadyAt: at,
      lostAt: null,
    })
  })

  test('leave', async ({ store }) => {
    await store.beatNode(newNode('a'))
    await store.beatNode(newNode('b'))
    await store.removeNode('node_a')
    await store.removeNode('node_a')
    expect((await store.listNodes()).map(({ id }) => id)).toEqual(['node_b'])
  })
}
