import { setTimeout as sleep } from 'node:timers/promises'
import { findBroken } from '../check.ts'
import { createDraw, type Draw } from '../draw.ts'
import type { Finding } from '../findings.ts'
import type { Seen } from '../seen.ts'
import { type Fault, faultsOf } from './faults.ts'
import { type Engine, openScene, PROMISES, type Scene } from './scene.ts'

export interface Run {
  findings: Finding[]
  /** Rows that do not fit together. */
  inconsistencies: string[]
  seen: Seen
  /** How often each fault was brought. */
  faults: Readonly<Record<string, number>>
}

const AT_ONCE = 8
const REST_MS = 120_000

/** Partners who register one serial after another, look, cancel and resend now and then, until they are told to stop. */
const load = ({ clients, urls, draw }: Scene) => {
  let isOver = false
  let serials = 0
  const live = async (): Promise<void> => {
    while (!isOver) {
      const serial = `${++serials}${draw.below(10)}`
      const client = draw.oneOf(clients)
      const id = await client.register(serial, draw.oneOf(urls), null)
      if (id === null) continue
      if (draw.chance(0.1)) await client.register(serial, draw.oneOf(urls), null)
      if (draw.chance(0.2)) await client.show(id)
      if (draw.chance(0.03)) await client.act('cancel', id)
      else if (draw.chance(0.05)) await client.act('resend', id)
    }
  }
  const readEvents = async (client: (typeof clients)[number]): Promise<void> => {
    while (!isOver) {
      await client.readEvents()
      await sleep(draw.below(500))
    }
  }
  const running = Promise.all([...Array.from({ length: AT_ONCE }, live), ...clients.map(readEvents)])
  return {
    stop: async () => {
      isOver = true
      await running
    },
  }
}

const shuffled = <T>(list: readonly T[], { random }: Draw): T[] =>
  list
    .map(one => ({ one, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one)

/** Waits until nothing is to come any more, and looks at everything once. */
const rest = async ({ clients }: Scene): Promise<void> => {
  const endsAt = Date.now() + REST_MS
  for (const client of clients) {
    while ((await client.isWaiting()) && Date.now() < endsAt) await sleep(200)
    await client.showAll()
  }
}

/**
 * Real processes under load and faults, judged from outside.
 *
 * @param until whether that was enough, by the number of faults so far
 */
export const runProcesses = async (
  { engine, seed, isLong = false }: { engine: Engine; seed: number; isLong?: boolean },
  until: (faults: number) => boolean,
): Promise<Run> => {
  const draw = createDraw(seed)
  await using scene = await openScene({ engine, draw, isLong })
  const faults: Record<string, number> = {}
  // Of their own: the load takes its chances as calls are answered.
  const chances = createDraw(seed)
  const next: Fault[] = []
  const loading = load(scene)
  for (let count = 0; !until(count); count++) {
    // The moment falls anywhere in the work that is under way.
    await sleep(100 + chances.below(400))
    if (next.length === 0) next.push(...shuffled(faultsOf(engine), chances))
    const { name, bring } = next.pop() as Fault
    faults[name] = (faults[name] ?? 0) + 1
    await scene.during(() => bring({ ...scene, draw: chances }, chances.below(scene.nodes.length)))
  }
  await sleep(500)
  await loading.stop()
  await rest(scene)
  const seen = scene.gather()
  return { findings: findBroken(seen, PROMISES), inconsistencies: await scene.findInconsistencies(), seen, faults }
}
