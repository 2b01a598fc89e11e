import { expect, test } from 'vitest'
import type { VanishedSession } from './inside/vanished-session.ts'
import { obstacle, runInside } from './support/namespace.ts'

/** Its limits are short here. */
const SOON_MS = 16_000

test('G4: a node that has vanished from the network in a transaction is not in the way of the others for long', {
  timeout: 120_000,
}, async context => {
  if (obstacle !== null) return context.skip(obstacle)
  const { heldMs } = await runInside<VanishedSession>('vanished-session')
  expect(heldMs).not.toBeNull()
  expect(heldMs).toBeLessThan(SOON_MS)
})
