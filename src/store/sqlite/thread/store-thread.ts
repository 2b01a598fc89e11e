import { parentPort, workerData } from 'node:worker_threads'
import { limitMemory } from '../../../limit-memory.ts'
import { openSqliteStore } from '../store.ts'
import { packError } from './errors.ts'
import type { Opened, Opening, Step } from './protocol.ts'
import { serve } from './serve.ts'

/** The thread that `openRemoteStore` starts: it opens the SQLite file and does what it is asked. */
const { masterKey, previousKey, now: openedAt, ...options } = workerData as Opening
const port = parentPort
if (!port) throw new Error('this runs as a thread')
let now = openedAt

const open = () =>
  openSqliteStore({
    ...options,
    masterKey: Buffer.from(masterKey),
    previousKey: previousKey && Buffer.from(previousKey),
    now: () => now,
    onStep: step => port.postMessage({ step } satisfies Step),
  })

await open().then(
  store => {
    serve(store, {
      port,
      setNow: at => {
        now = at
      },
    })
    limitMemory()
  },
  error => port.postMessage({ ok: false, error: packError(error) } satisfies Opened),
)
