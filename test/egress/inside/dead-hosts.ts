import { openNameResolver } from '../../../src/callback/resolve.ts'
import { clockWith } from '../../support/clock.ts'
import { openFakeDns } from '../../support/fake-dns.ts'
import { attemptTo, openSender } from '../../support/sender.ts'
import { PORT, PUBLIC, PUBLIC_V6, SWALLOWED, SWALLOWED_V6 } from '../support/addresses.ts'
import { openPublic } from '../support/listeners.ts'

export interface Ended {
  end: string
  durationMs: number
}

const now = () => performance.now()
const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

const openScene = async () => {
  const dns = await openFakeDns()
  const resolver = openNameResolver({ servers: [dns.server], clock: clockWith(now) })
  const sender = openSender({ allow: [], timeoutMs: 15_000, resolver })
  const listeners = await openPublic()
  const send = async (host: string, partnerId = 'ptn_1'): Promise<Ended> => {
    const startedAt = now()
    const result = await sender.send(attemptTo(`http://${host}:${PORT}/`, { partnerId }))
    const end = result.kind === 'answered' ? String(result.httpStatus) : result.error
    return { end, durationMs: now() - startedAt }
  }
  return { dns, send, listeners }
}

/** Sends to healthy hosts, one after the other, for as long as `busy` lasts. */
const sendMeanwhile = async (busy: Promise<unknown>, send: (index: number) => Promise<Ended>): Promise<Ended[]> => {
  const sent: Ended[] = []
  let isOver = false
  const over = busy.finally(() => {
    isOver = true
  })
  for (let index = 0; !isOver; index++) {
    sent.push(await send(index))
    // Without a pause this would be a busy loop on a machine with few cores, and measure that.
    await pause(5)
  }
  await over
  return sent
}

const SCENES = {
  /** A host whose SYNs are swallowed, and a healthy one beside it. */
  swallowed: async () => {
    const { send } = await openScene()
    const dead = Promise.all(Array.from({ length: 16 }, () => send(SWALLOWED)))
    const healthy = await sendMeanwhile(dead, () => send(PUBLIC, 'ptn_2'))
    return { dead: await dead, healthy }
  },

  /** Names of which one family, or one of several addresses, is swallowed. */
  halfDead: async () => {
    const { dns, send } = await openScene()
    dns.answer('v6-dead.example', [PUBLIC, SWALLOWED_V6])
    dns.answer('v4-dead.example', [SWALLOWED, PUBLIC_V6])
    dns.answer('one-dead.example', [SWALLOWED, PUBLIC])
    const names = ['v6-dead.example', 'v4-dead.example', 'one-dead.example']
    return Promise.all(names.map(async name => ({ name, ...(await send(name)) })))
  },

  /** 300 names whose servers never answer, and names that resolve at once, each for the first time. */
  blackHoleNames: async () => {
    const { dns, send } = await openScene()
    const dead = Array.from({ length: 300 }, (_, index) => `dead-${index}.example`)
    for (const name of dead) dns.answer(name, 'drop')
    // Ten at a time: the name server is this very process, and its socket would overflow before it could read.
    const deadOnes = Promise.all(dead.map((name, index) => pause(Math.floor(index / 10)).then(() => send(name))))
    const healthy = await sendMeanwhile(deadOnes, index => {
      dns.answer(`fine-${index}.example`, [PUBLIC])
      return send(`fine-${index}.example`, 'ptn_2')
    })
    return { dead: await deadOnes, healthy }
  },

  /** As many host names as a wildcard record gives. */
  manyHosts: async () => {
    const { dns, send, listeners } = await openScene()
    let failed = 0
    for (let from = 0; from < 3_000; from += 100) {
      const names = Array.from({ length: 100 }, (_, index) => `host-${from + index}.example`)
      for (const name of names) dns.answer(name, [PUBLIC])
      const sent = await Promise.all(names.map(name => send(name)))
      failed += sent.filter(({ end }) => end !== '200').length
    }
    return { failed, open: listeners.reduce((sum, { open }) => sum + open, 0) }
  },
}

export type Scenes = { [Name in keyof typeof SCENES]: Awaited<ReturnType<(typeof SCENES)[Name]>> }

const [name = ''] = process.argv.slice(2)
const result = await SCENES[name as keyof Scenes]()
process.stdout.write(JSON.stringify(result), () => process.exit(0))
