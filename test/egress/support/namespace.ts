import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { METADATA, PRIVATE, PRIVATE_V6, PROXY, PUBLIC, PUBLIC_V6, SWALLOWED, SWALLOWED_V6 } from './addresses.ts'

const NODE = join(import.meta.dirname, '../../../node_modules/.bin/node')
const INSIDE = join(import.meta.dirname, '../inside')
const LIMIT_MS = 120_000
/** No host on the cable's other end has this address. */
const NOBODY = '02:00:00:00:00:99'

/** A network with no way out: everything on the loopback device, and one cable that leads nowhere. */
const SETUP = [
  'ip link set lo up',
  ...[PUBLIC, PRIVATE, METADATA, PROXY].map(address => `ip addr add ${address}/32 dev lo`),
  ...[PUBLIC_V6, PRIVATE_V6].map(address => `ip addr add ${address}/128 dev lo nodad`),
  'ip link add cable0 type veth peer name cable1',
  'ip link set cable0 up',
  'ip link set cable1 up',
  'ip addr add 8.8.8.1/24 dev cable0',
  'ip addr add 2a00:1450::1/64 dev cable0 nodad',
  `ip neigh add ${SWALLOWED} lladdr ${NOBODY} dev cable0`,
  `ip neigh add ${SWALLOWED_V6} lladdr ${NOBODY} dev cable0`,
]
/** Only inside, `/etc/resolv.conf` names the name server here. */
const NAME_SERVER = [
  'echo "nameserver 127.0.0.1" > "$FOLDER/resolv.conf"',
  'mount --bind "$FOLDER/resolv.conf" /etc/resolv.conf',
]

const unshare = (script: string): string[] => ['-n', '-m', 'sh', '-ec', script]

const findObstacle = (): string | null => {
  if (process.platform !== 'linux') return 'network namespaces exist on Linux only'
  try {
    execFileSync('unshare', unshare([...SETUP, 'test -e /etc/resolv.conf'].join('\n')), { stdio: 'pipe' })
    return null
  } catch (error) {
    const { stderr, message } = error as { stderr?: Buffer; message: string }
    return `no network namespace can be made here (root and iproute2 are needed): ${String(stderr ?? message).trim()}`
  }
}

/** Why there can be no namespace on this machine, or null. */
export const obstacle = findObstacle()

/**
 * Runs `../inside/NAME.ts` with Node in its own network namespace, which is removed afterwards. Its output is its
 * result, as JSON. `folder` is for its files.
 */
export const runInside = async <Result>(
  name: string,
  { args = [], folder, env = {} }: { args?: readonly string[]; folder?: string; env?: Record<string, string> } = {},
): Promise<Result> => {
  const setup = folder === undefined ? SETUP : [...SETUP, ...NAME_SERVER]
  const script = [...setup, 'exec "$@"'].join('\n')
  const { stdout } = await promisify(execFile)(
    'unshare',
    [...unshare(script), 'sh', NODE, join(INSIDE, `${name}.ts`), ...args],
    {
      env: { PATH: process.env.PATH ?? '', ...(folder === undefined ? {} : { FOLDER: folder }), ...env },
      timeout: LIMIT_MS,
      maxBuffer: 16 * 1024 * 1024,
    },
  )
  return JSON.parse(stdout) as Result
}
