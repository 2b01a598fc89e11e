import { unavailable } from '../unavailable.ts'
import type { Context } from './context.ts'
import { describeFailure } from './failure.ts'
import { TIME_LIMITS } from './time-limits.ts'

/** Of the connections for calls so many serve the changes of one partner at once. */
const CONNECTIONS_OF_A_PARTNER = 2

interface Waiting {
  since: number
  begin: () => void
  giveUp: (error: unknown) => void
}

/**
 * Has the changes that a partner asks for wait for each other where they are many, and no longer than for a connection: what somebody keeps
 * busy of one partner, such as a row that an operator has locked, takes no connection from the others.
 */
export const createPartnerTurns = ({
  now,
}: Pick<Context, 'now'>): (<T>(partnerId: string, run: () => Promise<T>) => Promise<T>) => {
  const partners = new Map<string, { underWay: number; waiting: Waiting[] }>()

  const begin = async (partnerId: string): Promise<() => void> => {
    const partner = partners.get(partnerId) ?? { underWay: 0, waiting: [] }
    partners.set(partnerId, partner)
    const { waiting } = partner
    if (partner.underWay < CONNECTIONS_OF_A_PARTNER) partner.underWay++
    else {
      await new Promise<void>((begin, giveUp) => {
        waiting.push({ since: now(), begin, giveUp })
      })
    }
    return () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        if (now() - next.since <= TIME_LIMITS.connectMs) return next.begin()
        next.giveUp(busy())
      }
      if (--partner.underWay === 0) partners.delete(partnerId)
    }
  }

  return async (partnerId, run) => {
    const end = await begin(partnerId)
    try {
      return await run()
    } finally {
      end()
    }
  }
}

/** As where one has waited for a lock itself. */
const busy = () => unavailable(describeFailure(Object.assign(new Error('waited for its turn'), { code: '55P03' })))
