import { vi } from 'vitest'

// Services in this process run without the threads of their stores: loading the code in a thread takes most of a test's
// time. Tests of the threads, and of the service as a process, have them.
vi.mock('node:worker_threads', async importOriginal => {
  const original = await importOriginal<typeof import('node:worker_threads')>()
  const { InProcessThread, isOfStore } = await import('../store/support/in-process-thread.ts')
  // A function may be called with `new` and return either.
  function Worker(...[file, options]: ConstructorParameters<typeof original.Worker>) {
    return isOfStore(options) ? new InProcessThread() : new original.Worker(file, options)
  }
  return { ...original, Worker }
})
