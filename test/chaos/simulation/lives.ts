import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import type { Client, ClientScene, Item } from '../clients.ts'
import type { Draw } from '../draw.ts'
import { actOnAll, operate } from '../operators.ts'
import type { Meddling } from './meddling.ts'
import { ACCOUNT, ADMIN_TOKEN, isWithOne, type Plan, SECOND_ACCOUNT, START } from './plans.ts'

/** A partner looks at its registrations so often that none ends and is erased meanwhile. */
const LOOKS_AGAIN_MS = 15 * DAY

interface Lives {
  scene: ClientScene
  plan: Plan
  seed: number
  clients: readonly Client[]
  meddling: Meddling
  /** By the clock of the system. */
  now: () => number
  /** The faults meanwhile. */
  faults: readonly (Promise<void> | undefined)[]
}

/** One act after another with a registration, as its partner does them. */
const liveWith = async (
  { time }: ClientScene,
  { draw, plan, client, other, item }: { draw: Draw; plan: Plan; client: Client; other: Client; item: Item },
): Promise<void> => {
  const register = () => client.register(item.serial, item.url, item.expiresAt, item.account)
  let id = await register()
  const acts = {
    again: register,
    batch: async () => {
      const { serial, url } = item
      const others = [{ url: `${url}/too` }, { serial: `0${serial}` }, { serial: '0' }, {}]
      return (await client.registerBatch([item, ...others.map(other => ({ ...item, ...other }))]))[0]
    },
    look: (id: string) => client.show(id),
    wait: (id: string) => client.show(id, 1 + draw.below(MINUTE)),
    poll: (id: string) => client.act('poll', id),
    cancel: (id: string) => client.act('cancel', id),
    resend: (id: string) => client.act('resend', id),
  }
  const may = plan.acts.filter(isWithOne)
  if (id !== null && other !== client) await other.pry(id)
  for (let step = draw.below(plan.steps); step > 0 && id !== null && may.length > 0; step--) {
    await time.wait(draw.below(plan.pauseMs))
    const done = await acts[draw.oneOf(may)](id)
    if (typeof done === 'string') id = done
  }
}

/** The acts of all partners and operators in a history, until it has come to rest. */
export const liveAll = async (lives: Lives): Promise<void> => {
  const { scene, plan, seed, clients, meddling, now, faults } = lives
  const { time, seen, draw: all } = scene
  const { spanMs, pauseMs } = plan
  const may = new Set(plan.acts)

  const begin = async (n: number): Promise<unknown> => {
    const draw = all.fork(`serial ${n}`)
    const account = may.has('second account') && draw.chance(0.5) ? SECOND_ACCOUNT : undefined
    const beginsMs = draw.below(plan.beginMs)
    const lives = draw.times(1 + draw.below(2), async i => {
      const own = draw.fork(`life ${i}`)
      await time.wait(beginsMs + own.below(pauseMs))
      const owner = own.below(clients.length)
      const url = `https://r${own.below(2)}.partner${owner}.example/hook`
      const expiresAt = own.chance(0.4) ? new Date(now() + MINUTE + own.below(4 * pauseMs)).toISOString() : null
      const item = { serial: `${seed}${n}00000`, url, expiresAt, account }
      const [client, other] = [clients[owner], clients[(owner + 1) % clients.length]] as [Client, Client]
      await liveWith(scene, { draw: own, plan, client, other, item })
    })
    return Promise.all(lives)
  }
  const look = async (client: Client, n: number) => {
    const draw = all.fork(`look ${n}`)
    const pause = () => 1 + draw.below(Math.min(spanMs, LOOKS_AGAIN_MS))
    for (let at = START + pause(); at < START + spanMs; at += pause()) {
      await time.wait(Math.max(0, at - time.now()))
      await client.showAll()
    }
  }
  const sometime = async (what: Plan['acts'][number], draw: Draw, act: () => Promise<unknown>) => {
    if (!may.has(what) || draw.chance(0.5)) return
    await time.wait(draw.below(spanMs))
    await act()
  }
  const change = async (client: Client, n: number) => {
    const draw = all.fork(`partner ${n}`)
    await Promise.all([
      sometime('rotate', draw.fork('rotate'), () => client.rotate(draw.oneOf([0, 10, 60]))),
      sometime('resend exhausted', draw.fork('resend'), client.resendExhausted),
    ])
  }
  const operating = (what: 'pause' | 'disable') => {
    const draw = all.fork(what)
    const { partner } = draw.oneOf(clients)
    const account = may.has('second account') ? draw.oneOf([ACCOUNT, SECOND_ACCOUNT]) : ACCOUNT
    const asked = { what, token: ADMIN_TOKEN, partner, account, forMs: plan.outageMs }
    return sometime(what, draw, () => operate({ ...scene, draw }, asked))
  }
  // Else it is looked at often enough, and kept until the end.
  const isErasing = plan.promises.retention < HOUR
  const rest = async () => {
    const endsAt = time.now() + plan.restMs
    for (const client of clients)
      while ((await client.isWaiting()) && time.now() < endsAt) {
        if (isErasing) for (const one of clients) await one.showAll()
        await time.wait(MINUTE)
      }
    for (const client of clients) await client.showAll()
  }
  /** All registrations of a serial that have a webhook are resent by an operator. */
  const resendAll = async () => {
    const known = seen.registering.filter(({ id }) => id !== null)
    if (known.length === 0) return
    const { serial } = all.fork('bulk').oneOf(known)
    const last = new Map(seen.shown.map(({ id, registration }) => [id, registration]))
    const isSent = (id: string, one = last.get(id)) => one?.delivery.messageId && one.status !== 'cancelled'
    const own = known.flatMap(({ id, ...one }) => (one.serial === serial && id && isSent(id) ? [{ ...one, id }] : []))
    const ids = new Map(own.map(({ id, partner }) => [id, partner]))
    await actOnAll(scene, { token: ADMIN_TOKEN, what: 'resend', serial, ids })
    await rest()
  }

  await Promise.all([
    ...plan.serials.map(begin),
    ...clients.flatMap((client, n) => [look(client, n), change(client, n)]),
    operating('pause'),
    operating('disable'),
    ...faults,
  ])
  await time.wait(Math.max(0, START + spanMs + MINUTE - time.now()))
  await meddling.ended()
  await rest()
  if (may.has('bulk')) await resendAll()
  if (!isErasing) return
  await time.wait(plan.promises.retention + plan.promises.erasedWithin + 10 * SECOND)
  for (const client of clients) await client.showAll()
}
