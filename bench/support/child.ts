import { fork, type Serializable } from 'node:child_process'
import { once } from 'node:events'

/**
 * A module in a process of its own; its `import.meta.main` part answers messages. `ask` sends one and resolves with the next
 * answer. The process ends with the handle.
 */
export const openChild = (
  path: string,
  { args = [], nodeFlags = [] }: { args?: string[]; nodeFlags?: string[] } = {},
) => {
  const child = fork(path, args, {
    execPath: process.execPath,
    execArgv: nodeFlags,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')

  const next = async <Answer>(): Promise<Answer> => {
    const ended = exited.then(([code]) => {
      throw new Error(`${path} ended with ${code}`)
    })
    const [answer] = await Promise.race([once(child, 'message'), ended])
    return answer as Answer
  }
  return {
    pid: child.pid ?? 0,
    next,
    ask: <Answer>(message: Serializable): Promise<Answer> => {
      const answer = next<Answer>()
      child.send(message)
      return answer
    },
    [Symbol.asyncDispose]: async () => {
      if (child.connected) child.disconnect()
      child.kill()
      await exited
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
