import { MINUTE } from '../core/duration.ts'
import { AppError } from '../core/error.ts'
import { createCoalescer } from './coalescer.ts'
import type { NewRegistration, Registered, Store } from './store.ts'

/** So long a partner's registrations go apart after one of them waited for what somebody keeps busy. */
const APART_MS = MINUTE

/** Registrations of a commit that have gathered while as many were under way as may be. */
const GATHERED = 500

type Outcome = { registered: Registered } | { error: unknown }
type Apart = { apart: Promise<Outcome> }

interface Line {
  register: (item: NewRegistration) => Promise<Outcome>
  /** How many are in it: while there are any, all of the partner's go this way. */
  length: number
  /** Until when they do so in any case. */
  until: number
}

interface Groups {
  /** Registrations of one commit, at most, while there are fewer under way than may be. */
  batch: number
  /** Commits under way, at most, but for those of lines: where all of them wait, there are connections left for whoever reads. */
  batches: number
}

/**
 * Registers one at a time for whoever calls; those of a turn, of all partners, share a commit. Where somebody keeps a row busy, such as an
 * operator's session that has locked it, they do not share its fate: each partner's are registered apart, and those of the partner that
 * waits go on apart, one commit at a time, so that they take one connection and nobody else's time.
 */
export const createRegistering = (
  { register, now }: Pick<Store, 'register' | 'now'>,
  { batch, batches }: Groups,
): ((item: NewRegistration) => Promise<Registered>) => {
  const lines = new Map<string, Line>()

  const isApart = ({ partnerId }: NewRegistration): boolean => {
    const line = lines.get(partnerId)
    if (line && (line.length > 0 || now() < line.until)) return true
    lines.delete(partnerId)
    return false
  }

  /** All that waits in a line goes in its next commit: in vain, they take as long as one. */
  const lineOf = ({ partnerId }: NewRegistration): Line => {
    const line = lines.get(partnerId) ?? { register: createCoalescer(registerOfOne), length: 0, until: 0 }
    lines.set(partnerId, line)
    return line
  }

  const registerOfOne = async (items: readonly NewRegistration[]): Promise<readonly Outcome[]> => {
    try {
      return (await register(items)).map(registered => ({ registered }))
    } catch (error) {
      if (items[0] && isOfPart(error)) lineOf(items[0]).until = now() + APART_MS
      return items.map(() => ({ error }))
    }
  }

  const registerApart = async (item: NewRegistration): Promise<Outcome> => {
    const line = lineOf(item)
    line.length++
    const outcome = await line.register(item)
    line.length--
    return outcome
  }

  /** Nobody knows whose row it is that is busy. */
  const registerOfSeveral = async (items: readonly NewRegistration[]): Promise<readonly (Outcome | Apart)[]> => {
    try {
      return (await register(items)).map(registered => ({ registered }))
    } catch (error) {
      return items.map(item => (isOfPart(error) ? { apart: registerApart(item) } : { error }))
    }
  }

  const registerGroup = async (items: readonly NewRegistration[]): Promise<readonly (Outcome | Apart)[]> => {
    // Since they came, one of the partners may have been found to wait.
    const { apart = [], free = [] } = Object.groupBy(items, item => (isApart(item) ? 'apart' : 'free'))
    const gone = apart.map(item => [item, { apart: registerApart(item) }] as const)
    if (free.length === 0) return gone.map(([, outcome]) => outcome)
    const isOfOne = new Set(free.map(({ partnerId }) => partnerId)).size === 1
    const outcomes = await (isOfOne ? registerOfOne(free) : registerOfSeveral(free))
    const outcomeOf = new Map<NewRegistration, Outcome | Apart>([
      ...gone,
      ...free.map((item, i) => [item, outcomes[i] as Outcome | Apart] as const),
    ])
    return items.map(item => outcomeOf.get(item) as Outcome | Apart)
  }

  const together = createCoalescer(registerGroup, { batch, batches, gathered: GATHERED })

  return async item => {
    const first = isApart(item) ? { apart: registerApart(item) } : await together(item)
    const outcome = 'apart' in first ? await first.apart : first
    if ('error' in outcome) throw outcome.error
    return outcome.registered
  }
}

/**
 * Registers what comes in one call. What came alone goes with what others register; a batch goes by itself, also where it has only one that
 * is valid, since it may wait for others of its partner.
 */
export const registeringAll =
  (registerBatch: Store['register'], registerOne: (item: NewRegistration) => Promise<Registered>): Store['register'] =>
  items =>
    items.some(({ isBatch }) => isBatch) ? registerBatch(items) : Promise.all(items.map(registerOne))

const isOfPart = (error: unknown): boolean => error instanceof AppError && error.isOfPart
