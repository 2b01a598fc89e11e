import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openOwnServer } from '../../support/postgres.ts'

/** Addresses that exist only at the two ends of the cable. */
const NEAR = '10.77.0.1'
export const FAR = '10.77.0.2'
/** At neither end anybody has this one. */
const NOBODY = '02:00:00:00:00:99'

export interface Cable {
  /** The file of the network namespace at the far end. */
  network: string
  /** From now on all packets of either end are lost, without an error. */
  cut: () => void
  heal: () => void
  [Symbol.asyncDispose]: () => Promise<void>
}

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' })

/** A cable from this network namespace, which has no other way out, to one of its own. */
export const openCable = async (): Promise<Cable> => {
  // It keeps the far namespace until it ends.
  const keeper = spawn('unshare', ['-n', 'sh', '-c', 'ip link set lo up && echo ready && exec sleep 600'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(keeper, 'exit')
  await once(keeper.stdout, 'data')
  const network = `/proc/${keeper.pid}/ns/net`
  const far = (...args: string[]) => execFileSync('nsenter', [`--net=${network}`, 'ip', ...args], { stdio: 'pipe' })
  ip('link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far', 'netns', String(keeper.pid))
  ip('addr', 'add', `${NEAR}/30`, 'dev', 'near')
  ip('link', 'set', 'near', 'up')
  far('addr', 'add', `${FAR}/30`, 'dev', 'far')
  far('link', 'set', 'far', 'up')
  return {
    network,
    cut: () => {
      ip('neigh', 'replace', FAR, 'lladdr', NOBODY, 'dev', 'near', 'nud', 'permanent')
      far('neigh', 'replace', NEAR, 'lladdr', NOBODY, 'dev', 'far', 'nud', 'permanent')
    },
    heal: () => {
      ip('neigh', 'del', FAR, 'dev', 'near')
      far('neigh', 'del', NEAR, 'dev', 'far')
    },
    [Symbol.asyncDispose]: async () => {
      keeper.kill('SIGKILL')
      await ended
    },
  }
}

/** At the far end; the socket in its folder can be used from here too, whatever the state of the cable. */
export const openServerBehind = ({ network }: Pick<Cable, 'network'>) =>
  openOwnServer([`listen_addresses=${FAR}`], network)
