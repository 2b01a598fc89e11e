import { SECOND } from '../../../src/core/duration.ts'
import type { Client } from '../clients.ts'
import type { Draw } from '../draw.ts'
import type { Seen } from '../seen.ts'
import type { Plan } from './plans.ts'
import type { Time } from './time.ts'

interface Scene {
  time: Time
  draw: Draw
  acts: Plan['acts']
  seen: Seen
  until: number
  clientOf: (partner: string) => Client | undefined
}

/** Of a registration, of whose resends there may be ten a minute. */
const MOST_ACTS = 4
/** Partners that act while a webhook or a call of GetResult of theirs is in flight. */
export const createMeddling = ({ time, draw, acts: may, seen, until, clientOf }: Scene) => {
  const acts: Promise<unknown>[] = []
  const timesOf = new Map<string, number>()
  const soon = (act: () => Promise<unknown>): void => {
    acts.push(time.wait(draw.below(draw.oneOf([SECOND / 2, 4 * SECOND]))).then(act))
  }
  return {
    sending: (registrationId: string): void => {
      const acts = (['cancel', 'resend'] as const).filter(what => may.includes(`${what} in flight`))
      if (time.now() > until || acts.length === 0 || !draw.chance(0.3)) return
      const client = clientOf(seen.registering.find(({ id }) => id === registrationId)?.partner ?? '')
      const what = draw.oneOf(acts)
      const times = timesOf.get(registrationId) ?? 0
      timesOf.set(registrationId, times + 1)
      if (client && times < MOST_ACTS) soon(() => client.act(what, registrationId))
    },
    asking: (asked: string): void => {
      if (time.now() > until || !may.includes('register in flight') || !draw.chance(0.1)) return
      const one = seen.registering.find(({ serial, id }) => serial === asked && id !== null)
      const client = one && clientOf(one.partner)
      if (client) soon(() => client.register(asked, `${one.url}${draw.below(3)}`, null, one.account))
    },
    /** All of it is done. */
    ended: () => Promise.all(acts),
  }
}
export type Meddling = ReturnType<typeof createMeddling>
