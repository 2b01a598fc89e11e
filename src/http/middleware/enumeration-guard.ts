import {
  afterSerial,
  LOOKUP_WINDOW,
  NO_SEQUENCE,
  type SerialSequence,
  type SlowedPartner,
  slowedForMs,
} from '../../core/enumeration.ts'
import type { Store } from '../../store/store.ts'
import type { Emit } from '../../telemetry/emit.ts'

export interface EnumerationGuard {
  /** The partner has registered new serials, or tried to register some that belong to other partners. */
  recordSerials(partnerId: string, idcardids: readonly string[]): void
  /** The upstream has shown a serial of the partner, or still does not know it after several polls. Called once a serial. */
  recordLookup(partnerId: string, isNotFound: boolean): void
  /** The partner is slowed down until then, as its key says. */
  learn(partnerId: string, slowedUntil: number): void
  /** How many ms longer the partner may call only once a second; 0: it is not slowed down. */
  slowedForMs(partnerId: string): number
  /** Tells the other nodes what this one has seen. What fails is told by the next one. */
  flush(): Promise<void>
}

interface EnumerationGuardDeps {
  store: Pick<Store, 'now' | 'noteSerials'>
  emit: Emit<'partner.suspected'>
}

/** What is known of all partners is forgotten when it would be of more. */
const MOST_PARTNERS = 10_000
/** In one transaction. */
const MOST_AT_ONCE = 500

/** Serials that are all known wait for one that is not, or for a window of them: so a partner that is no suspect costs nothing. */
const isWorthTelling = (lookups: readonly boolean[]): boolean =>
  lookups.includes(true) || lookups.length === LOOKUP_WINDOW

const createMap = <Value>() => {
  const values = new Map<string, Value>()
  return {
    values,
    set: (partnerId: string, value: Value): void => {
      if (values.size >= MOST_PARTNERS && !values.has(partnerId)) values.clear()
      values.set(partnerId, value)
    },
  }
}

/**
 * Notices partners that enumerate serials, warns the operator, and says who is to be slowed down. What slows down is counted in the
 * database, for all nodes together; a sequence only warns, so each node looks for it by itself.
 */
export const createEnumerationGuard = ({ store, emit }: EnumerationGuardDeps): EnumerationGuard => {
  const sequences = createMap<SerialSequence>()
  const untold = createMap<readonly boolean[]>()
  const slowedUntil = createMap<number>()
  let telling: Promise<void> = Promise.resolve()

  const slowedFor = (partnerId: string): number => slowedForMs(slowedUntil.values.get(partnerId) ?? 0, store.now())

  const untoldOf = (partnerId: string) => untold.values.get(partnerId) ?? []
  const setUntold = (partnerId: string, lookups: readonly boolean[]): void =>
    untold.set(partnerId, lookups.slice(-LOOKUP_WINDOW))

  const learn = (partnerId: string, until: number): void => {
    if (slowedForMs(until, store.now()) > 0) slowedUntil.set(partnerId, until)
  }

  const learnAll = (partners: readonly SlowedPartner[]): void => {
    for (const { partnerId, slowedUntil: until, sign } of partners) {
      learn(partnerId, until)
      if (sign !== null) emit('partner.suspected', { partnerId, sign, slowedUntil: new Date(until).toISOString() })
    }
  }

  const tell = async (): Promise<void> => {
    const all = [...untold.values].filter(([, lookups]) => isWorthTelling(lookups)).slice(0, MOST_AT_ONCE)
    if (all.length === 0) return
    for (const [partnerId] of all) untold.values.delete(partnerId)
    try {
      learnAll(await store.noteSerials(all.map(([partnerId, lookups]) => ({ partnerId, lookups }))))
    } catch {
      // Others tell of the database.
      for (const [partnerId, lookups] of all) setUntold(partnerId, [...lookups, ...untoldOf(partnerId)])
    }
  }

  const flush = (): Promise<void> => {
    telling = telling.then(tell)
    return telling
  }

  const warnOfSequence = (partnerId: string, before: SerialSequence, after: SerialSequence): void => {
    // A suspicion that is only prolonged is not reported again.
    const isNew = after.suspectedUntil > before.suspectedUntil && before.suspectedUntil <= store.now()
    if (isNew && slowedFor(partnerId) === 0)
      emit('partner.suspected', { partnerId, sign: 'serials_in_sequence', slowedUntil: null })
  }

  return {
    recordSerials: (partnerId, idcardids) => {
      for (const idcardid of idcardids) {
        const before = sequences.values.get(partnerId) ?? NO_SEQUENCE
        const after = afterSerial(before, idcardid, store.now())
        sequences.set(partnerId, after)
        warnOfSequence(partnerId, before, after)
      }
    },
    recordLookup: (partnerId, isNotFound) => setUntold(partnerId, [...untoldOf(partnerId), isNotFound]),
    learn,
    slowedForMs: slowedFor,
    flush,
  }
}
