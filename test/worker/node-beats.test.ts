import { expect, test } from 'vitest'
import type { NewNode, ServiceNode } from '../../src/store/nodes.ts'
import { createNodeBeats } from '../../src/worker/node-beats.ts'

const NODE: NewNode = { id: 'node_1', name: 'a:1', version: '1', settings: 's', clockAheadMs: null, roles: ['api'] }
const ROW: ServiceNode = { ...NODE, key: 'k', startedAt: 1, seenAt: 1, steadyAt: 1, replaces: null }

const open = () => {
  const calls: string[] = []
  const pending: PromiseWithResolvers<ServiceNode[]>[] = []
  const beats = createNodeBeats(
    {
      now: () => 1,
      beatNode: () => {
        calls.push('beat')
        const one = Promise.withResolvers<ServiceNode[]>()
        pending.push(one)
        return one.promise
      },
      removeNode: async () => void calls.push('remove'),
    },
    NODE,
    () => null,
  )
  return { calls, beats, pending }
}

test('a beat that takes long is not joined by another', async () => {
  const { calls, beats, pending } = open()
  const both = [beats.beat(), beats.beat()]
  pending[0]?.resolve([ROW])
  await Promise.all(both)
  expect(calls).toEqual(['beat'])
  expect(beats.nodes()).toEqual([ROW])
})

test('a beat that fails leaves what the last one saw, and the next one tries again', async () => {
  const { calls, beats, pending } = open()
  const first = beats.beat()
  pending[0]?.resolve([ROW])
  await first
  const second = beats.beat()
  pending[1]?.reject(new Error('the database cannot be written'))
  await second
  expect(beats.nodes()).toEqual([ROW])
  void beats.beat()
  expect(calls).toEqual(['beat', 'beat', 'beat'])
})

test('no beat brings back who leaves', async () => {
  const { calls, beats, pending } = open()
  void beats.beat()
  const leaving = beats.leave()
  void beats.beat()
  expect(calls).toEqual(['beat'])
  pending[0]?.resolve([ROW])
  await leaving
  await beats.beat()
  expect(calls).toEqual(['beat', 'remove'])
})
