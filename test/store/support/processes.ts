import { fork } from 'node:child_process'
import { once } from 'node:events'

export const CHILD = new URL('child.ts', import.meta.url)
export const MAKE_KEY = new URL('make-key.ts', import.meta.url)

/** A process that runs a script. */
export const startScript = (script: URL, args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  fork(script, args, { execArgv: [], env: { ...process.env, ...env } })

/** Runs a script in so many processes, which go on at the same moment once all are ready. What each then tells. */
export const runAtOnce = async <Told>(
  count: number,
  script: URL,
  { args, afterGo = () => {} }: { args: readonly string[]; afterGo?: (() => void) | undefined },
): Promise<Told[]> => {
  const children = Array.from({ length: count }, () => startScript(script, args))
  const allTell = () => Promise.all(children.map(child => once(child, 'message')))
  await allTell()
  const told = allTell()
  for (const child of children) child.send('go')
  afterGo()
  return (await told).map(([one]) => one)
}
