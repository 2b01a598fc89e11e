import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from '../../support/service.ts'

const NODE = join(ROOT, 'node_modules/.bin/node')
const INSIDE = join(import.meta.dirname, '../inside')
const LIMIT_MS = 110_000

/** A network with no way out, whose processes all end with the first of them. */
const unshare = (script: string): string[] => [
  ...['-n', '-m', '-p', '-f', '--mount-proc', '--kill-child'],
  ...['sh', '-ec', `ip link set lo up; ${script}`],
]

const findObstacle = (): string | null => {
  if (process.platform !== 'linux') return 'network namespaces exist on Linux only'
  try {
    const script = 'ip link add near type veth peer name far; nsenter --net=/proc/self/ns/net true'
    execFileSync('unshare', unshare(script), { stdio: 'pipe' })
    return null
  } catch (error) {
    const { stderr, message } = error as { stderr?: Buffer; message: string }
    return `no network namespace can be made here (root and iproute2 are needed): ${String(stderr ?? message).trim()}`
  }
}

/** Why there can be no namespace on this machine, or null. */
export const obstacle = findObstacle()

/** Runs `../inside/NAME.ts` with Node in its own network namespace. Its output is its result, as JSON. */
export const runInside = async <Result>(name: string, args: readonly string[] = []): Promise<Result> => {
  const command = ['sh', NODE, join(INSIDE, `${name}.ts`), ...args]
  const { stdout } = await promisify(execFile)('unshare', [...unshare('exec "$@"'), ...command], {
    env: { PATH: process.env.PATH ?? '' },
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  })
  return JSON.parse(stdout) as Result
}
