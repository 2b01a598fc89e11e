import { print, withStore } from './environment.ts'
import type { JsonOption } from './options.ts'

const BATCH = 200

/** Each batch is one transaction, so this may be killed anywhere: until it has ended both keys are needed, then one. */
export const rekey = ({ json }: JsonOption): Promise<void> =>
  withStore(async store => {
    let resealed = 0
    for (;;) {
      const batch = await store.reseal(BATCH)
      if (batch === 0) break
      resealed += batch
      await new Promise(resolve => setImmediate(resolve))
    }
    print(
      json
        ? JSON.stringify({ resealed })
        : `Sealed ${resealed} values under MASTER_KEY. MASTER_KEY_PREVIOUS is needed no more once every node runs with the new key.`,
    )
  })
