import { MINUTE } from '../core/duration.ts'
import { AppError } from '../core/error.ts'
import { createCoalescer } from './coalescer.ts'
import type { NewRegistration, Registered, Store } from './store.ts'

/** So long a partner's registrations go apart after one of them waited for what somebody keeps busy. */
const APART_MS = MINUTE

type Outcome = { registered: Registered } | { error: unknown }

interface Line {
  register: (item: NewRegistration) => Promise<Outcome>
  /** Until when all of the partner's go this way. */
  until: number
}

/**
 * Registers one at a time for whoever calls; those of a turn, of all partners, share a commit, `batch` at most. Where somebody keeps a row
 * busy, such as an operator's session that has locked it, they do not share its fate: each partner's are registered apart, and those of
 * the partner that waits go on apart, one commit at a time, so that they take one connection and nobody else's time.
 */
export const createRegistering = (
  { register, now }: Pick<Store, 'register' | 'now'>,
  { batch }: { batch: number },
): ((item: NewRegistration) => Promise<Registered>) => {
  const lines = new Map<string, Line>()

  const lineOf = (partnerId: string): Line => {
    const line = lines.get(partnerId) ?? { register: createCoalescer(registerAll), until: 0 }
    lines.set(partnerId, line)
    return line
  }

  const registerAll = async (items: readonly NewRegistration[]): Promise<readonly Outcome[]> => {
    try {
      return (await register(items)).map(registered => ({ registered }))
    } catch (error) {
      const failed = items.map(() => ({ error }))
      if (!(error instanceof AppError && error.isOfPart)) return failed
      const [partnerId, ...others] = new Set(items.map(item => item.partnerId))
      if (others.length > 0) return Promise.all(items.map(item => lineOf(item.partnerId).register(item)))
      if (partnerId !== undefined) lineOf(partnerId).until = now() + APART_MS
      return failed
    }
  }

  const together = createCoalescer(registerAll, { batch, batches: Number.POSITIVE_INFINITY })

  const wayOf = (partnerId: string): Line['register'] => {
    const line = lines.get(partnerId)
    if (line && now() < line.until) return line.register
    lines.delete(partnerId)
    return together
  }

  return async item => {
    const outcome = await wayOf(item.partnerId)(item)
    if ('error' in outcome) throw outcome.error
    return outcome.registered
  }
}
