import { parentPort, workerData } from 'node:worker_threads'
import { limitMemory } from '../../../limit-memory.ts'
import { openSqliteReader } from '../reader.ts'
import { packError } from './errors.ts'
import type { Opened, Opening } from './protocol.ts'
import { serve } from './serve.ts'

/** The thread that `openRemoteStore` starts for long reads: a connection of its own, which only reads. */
const { masterKey, previousKey, now: openedAt, ...options } = workerData as Opening
const port = parentPort
if (!port) throw new Error('this runs as a thread')
let now = openedAt

try {
  const reader = openSqliteReader({
    ...options,
    masterKey: Buffer.from(masterKey),
    previousKey: previousKey && Buffer.from(previousKey),
    now: () => now,
  })
  serve(reader, {
    port,
    setNow: at => {
      now = at
    },
  })
  limitMemory()
} catch (error) {
  port.postMessage({ ok: false, error: packError(error) } satisfies Opened)
}
