import { parentPort, workerData } from 'node:worker_threads'
import { limitMemory } from '../../../limit-memory.ts'
import { openReadOnlyStore } from '../read-only.ts'
import { openSqliteStore } from '../store.ts'
import { packError } from './errors.ts'
import type { Opened, Opening, Step } from './protocol.ts'
import { serve } from './serve.ts'

/** The threads that `openRemoteStore` starts: one opens the SQLite file and does what it is asked; the one for long reads only reads. */
const { name, masterKey, previousKey, now: openedAt, ...options } = workerData as Opening
const port = parentPort
if (!port) throw new Error('this runs as a thread')
let now = openedAt

const given = {
  ...options,
  masterKey: Buffer.from(masterKey),
  previousKey: previousKey && Buffer.from(previousKey),
  now: () => now,
}
const setNow = (at: number) => {
  now = at
}

try {
  if (name === 'read') serve(openReadOnlyStore(given), { port, setNow })
  else
    serve(await openSqliteStore({ ...given, onStep: step => port.postMessage({ step } satisfies Step) }), {
      port,
      setNow,
    })
  limitMemory()
} catch (error) {
  port.postMessage({ ok: false, error: packError(error) } satisfies Opened)
}
