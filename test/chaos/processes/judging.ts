import { once } from 'node:events'
import { parentPort, Worker, workerData } from 'node:worker_threads'
import { findBroken } from '../check.ts'
import type { Finding, Promises } from '../findings.ts'
import type { Seen } from '../seen.ts'

interface Task {
  role: 'judge'
  seen: Seen
  promises: Promises
}
const task = workerData as Task | null
if (task?.role === 'judge') parentPort?.postMessage(findBroken(task.seen, task.promises))

/** As `findBroken`, in a thread: a hundred faults take a minute, in which the receivers of other scenes must answer. */
export const findBrokenApart = async (seen: Seen, promises: Promises): Promise<Finding[]> => {
  const workerData: Task = { role: 'judge', seen, promises }
  const [findings] = await once(new Worker(new URL(import.meta.url), { workerData }), 'message')
  return findings as Finding[]
}
