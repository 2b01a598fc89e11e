import { runBatches } from '../worker/background-job.ts'
import { print, withStore } from './environment.ts'
import type { JsonOption } from './options.ts'

const BATCH = 200
const DONE = 'MASTER_KEY_PREVIOUS is needed no more once every node runs with the new key.'

/** Each batch is one transaction, so this may be killed anywhere: until it has ended both keys are needed, then one. */
export const rekey = ({ json }: JsonOption): Promise<void> =>
  withStore(async store => {
    const resealed = await runBatches(size => store.reseal(size), { size: BATCH })
    print(json ? JSON.stringify({ resealed }) : `Sealed ${resealed} values under MASTER_KEY. ${DONE}`)
  })
