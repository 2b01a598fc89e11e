import { describe, expect, test } from 'vitest'
import type { VanishedSession } from './inside/vanished-session.ts'
import { obstacle, runInside } from './support/namespace.ts'

/** A migration does nothing for 10 s at most; the other limits are short here. */
const SOON_MS = 16_000

describe.concurrent('a node that has vanished from the network is not in the way of the others for long', () => {
  const WAYS = [
    ['it was idle in a transaction', 'idle'],
    ['it was changing the schema', 'migrating'],
  ] as const
  for (const [what, way] of WAYS)
    test(`G4: ${what}`, { timeout: 120_000 }, async context => {
      if (obstacle !== null) return context.skip(obstacle)
      const { heldMs } = await runInside<VanishedSession>('vanished-session', [way])
      expect(heldMs).not.toBeNull()
      expect(heldMs).toBeLessThan(SOON_MS)
    })
})
