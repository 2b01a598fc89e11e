import { syncBuiltinESMExports } from 'node:module'
import threads from 'node:worker_threads'
import { InProcessThread, isOfStore } from '../store/support/in-process-thread.ts'

// Services in this process run without the threads of their stores: loading the code in a thread takes most of a test's
// time. Tests of the threads, and of the service as a process, have them.
const { Worker } = threads
// A function may be called with `new` and return either.
function StandIn(...[file, options]: ConstructorParameters<typeof Worker>) {
  return isOfStore(options) ? new InProcessThread() : new Worker(file, options)
}
// This runs before each file, several of which share the process.
if (Worker.name !== StandIn.name) Object.assign(threads, { Worker: StandIn })
syncBuiltinESMExports()
