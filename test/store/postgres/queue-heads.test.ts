import { expect, test } from 'vitest'
import { MINUTE, SECOND } from '../../../src/core/duration.ts'
import type { Tx } from '../../../src/store/postgres/connection.ts'
import { createQueueHeads } from '../../../src/store/postgres/queue-heads.ts'
import type { DueVerification } from '../../../src/store/rules/poll-queues.ts'

const HEAD = { accountId: 'acc', partnerId: 'par', queue: 1, dueAt: 500, isDisabled: false }

/** A node on whose clock reading what is due takes so long; looks take no time. */
const openNode = (dueMs: number) => {
  let at = 10 * MINUTE
  let begunAt: unknown[] = []
  const heads = createQueueHeads(() => at)
  let head = HEAD
  const rows = async (_: string, values: readonly unknown[][]) => {
    begunAt = values[3] ?? []
    return [head]
  }
  return {
    heads,
    /** Where it begins to look. */
    look: async () => {
      await heads.look({ at, rows } as unknown as Tx, ['acc'])
      return begunAt
    },
    /** Where it begins to read what is due after a time, of which this is the first. */
    claim: async (after = 0, first: readonly DueVerification[] = []) => {
      let begun = 0
      await heads.due([{ ...HEAD, at, after, limit: 9 }], async ([window]) => {
        begun = window?.after ?? 0
        at += dueMs
        return [first]
      })
      return begun
    },
    advance: (ms: number) => {
      at += ms
    },
    findHead: (dueAt: number) => {
      head = { ...HEAD, dueAt }
    },
  }
}

test('what lies dead between those that are due makes a node go on from the heads too, once it was slow twice', async () => {
  const node = openNode(20)
  const begun: unknown[][] = []
  for (let n = 0; n < 4; n++) {
    begun.push(await node.look())
    await node.claim()
  }
  expect(begun).toEqual([[-1], [-1], [-1], [-1, HEAD.dueAt]])
  node.advance(5 * SECOND)
  expect(await node.look()).toEqual([-1])
})

test('where it is quick each look begins from the first', async () => {
  const node = openNode(5)
  for (let n = 0; n < 4; n++) {
    expect(await node.look()).toEqual([-1])
    await node.claim()
  }
})

test('what was dead between the head and what is fresh is not read again either', async () => {
  const node = openNode(20)
  for (let n = 0; n < 3; n++) {
    await node.look()
    await node.claim(HEAD.dueAt - 1, [{ id: 1, dueAt: HEAD.dueAt }])
  }
  await node.look()
  const fresh = HEAD.dueAt + MINUTE
  expect(await node.claim(fresh)).toBe(fresh)
  expect(await node.claim(HEAD.dueAt - 1)).toBe(HEAD.dueAt - 1)
  const begun = await node.claim(fresh + SECOND)
  expect(begun).toBeGreaterThan(9 * MINUTE - SECOND)
  // Given back by another node, say.
  node.findHead(fresh + 3 * SECOND)
  await node.look()
  expect(await node.claim(fresh + 3 * SECOND - 1)).toBe(fresh + 3 * SECOND - 1)
  node.advance(5 * SECOND)
  await node.look()
  expect(await node.claim(fresh + 2 * SECOND)).toBe(fresh + 2 * SECOND)
})

test('a clock that was set back, and something that is due again, make it begin from the first', async () => {
  for (const happens of ['set back', 'due again']) {
    const node = openNode(20)
    for (let n = 0; n < 3; n++) {
      await node.look()
      await node.claim()
    }
    if (happens === 'set back') node.advance(-MINUTE)
    else node.heads.lookAnew()
    expect(await node.look()).toEqual([-1])
  }
})
