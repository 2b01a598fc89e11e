import { fork, type Serializable } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { openFolder } from './service.ts'

/**
 * A module in its own process; its `import.meta.main` part answers messages. `ask` sends one and resolves with the next
 * answer. The process ends with the handle. Its standard output, which has the service's log, goes to a file as in
 * production.
 */
export const openChild = (path: string, { nodeFlags = [] }: { nodeFlags?: string[] } = {}) => {
  const folder = openFolder()
  const log = openSync(join(folder.path, 'child.log'), 'w')
  const child = fork(path, {
    execPath: process.execPath,
    execArgv: nodeFlags,
    stdio: ['ignore', log, 'inherit', 'ipc'],
  })
  closeSync(log)
  const exited = once(child, 'exit')

  return {
    pid: child.pid ?? 0,
    ask: async <Answer>(message: Serializable): Promise<Answer> => {
      const ended = exited.then(([code]) => {
        throw new Error(`${path} ended with ${code}`)
      })
      child.send(message)
      const [answer] = await Promise.race([once(child, 'message'), ended])
      return answer as Answer
    },
    [Symbol.asyncDispose]: async () => {
      if (child.connected) child.disconnect()
      child.kill()
      await exited
      folder[Symbol.dispose]()
    },
  }
}

/** For such a process: answers each message, and ends when its parent does. */
export const answerMessages = (answer: (message: never) => Promise<Serializable>): void => {
  process.on('message', message => {
    answer(message as never).then(
      reply => process.send?.(reply),
      error => {
        process.stderr.write(`${error instanceof Error ? error.stack : error}\n`)
        process.exit(1)
      },
    )
  })
  process.once('disconnect', () => process.exit(0))
}
