import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
import type { Checkpoint, CheckpointMode } from './checkpoints.ts'

/** Writers wait while a RESTART waits for readers, so it waits briefly. */
const TIMEOUT_MS = 20

/** A second connection to the same file, which does nothing but move the log into the database. What it throws ends it. */
const { path } = workerData as { path: string }
const client = new Database(path, { timeout: TIMEOUT_MS })
client.pragma('synchronous = FULL')
client.pragma('cache_size = -1000')

parentPort?.on('message', (mode: CheckpointMode) => {
  const [checkpoint] = client.pragma(`wal_checkpoint(${mode})`) as [Checkpoint]
  parentPort?.postMessage(checkpoint)
})
