import { encodeTime } from 'ulid'
import { DAY, SECOND } from '../../core/duration.ts'
import { REGISTRATION_STATUSES, type RegistrationStatus } from '../../core/registration.ts'
import type { Quotas, Usage } from '../store.ts'
import type { Context } from './context.ts'

/** What a partner had when it was counted, of the registrations up to `lastId`. */
interface Count {
  at: number
  lastId: string
  pending: number
  daily: number
}

/** A partner's registrations of a status with ids from after one id up to another. */
interface Span {
  partnerId: string
  status: RegistrationStatus
  after: string
  upTo: string
}

/** What partners may have and what they have, within one run of a transaction. */
export interface QuotaBook {
  /** Null: the partner has no quotas, which costs one look at its row. */
  of(partnerId: string): { limits: Quotas; usage: Usage } | null
  /** The partner has one more registration; `pending` is 0 where it was told its verdict at once. */
  add(partnerId: string, more: { pending: 0 | 1 }): void
}

/**
 * Counting takes longer the more there is, so a count of the older registrations is kept for this long. The newest are
 * counted each time: an id tells when it was made, and it is written within `NEW_MS` of that.
 */
const KEPT_MS = SECOND
const NEW_MS = 5 * SECOND
/** For each so many that were counted it is kept a second longer. */
const KEPT_A_SECOND = 100_000
/** So many are counted at once, some ms; others have their turn in between. */
const WINDOW = 20_000
const LAST_ID = 'reg_~'
const NOTHING_COUNTED = { pending: 0, daily: 0, lastId: '' }

/** Every registration that was made before then has a lower id. */
const idAt = (time: number): string => `reg_${encodeTime(Math.max(0, time), 10)}`

/** Counting never takes more than some hundredths of the time. */
const keptMs = ({ pending, daily }: Count): number => KEPT_MS * (1 + (pending + daily) / KEPT_A_SECOND)

const turn = () => new Promise(resolve => setImmediate(resolve))

export const createQuotas = ({ client, read }: Pick<Context, 'client' | 'read'>) => {
  const loadLimits = client.prepare<[partnerId: string], Quotas>(
    'SELECT max_pending AS pending, max_hosts AS hosts, max_daily AS daily FROM partners WHERE id = ?',
  )
  const countIds = client
    .prepare<Span, number>(
      'SELECT count(*) FROM registrations WHERE partner_id = @partnerId AND status = @status AND id > @after AND id <= @upTo',
    )
    .pluck()
  /** The last id of a full window. */
  const endOfWindow = client
    .prepare<Span & { skipped: number }, string>(`
    SELECT id FROM registrations WHERE partner_id = +@partnerId AND status = +@status AND id > +@after AND id <= +@upTo
    ORDER BY id LIMIT 1 OFFSET +@skipped`)
    .pluck()
  const countHosts = client
    .prepare<[partnerId: string], number>('SELECT count(*) FROM lanes WHERE partner_id = ?')
    .pluck()
  /** What was counted last. */
  const counts = new Map<string, Count>()
  const counting = new Map<string, Promise<void>>()

  const limitsOf = (partnerId: string): Quotas | null => {
    const limits = loadLimits.get(partnerId)
    return limits !== undefined && Object.values(limits).some(limit => limit !== null) ? limits : null
  }

  const countSpan = async (span: Span): Promise<number> => {
    for (let { after } = span, counted = 0; ; counted += WINDOW, await turn()) {
      const rest = { ...span, after }
      const end = await read(() => endOfWindow.get({ ...rest, skipped: WINDOW - 1 }))
      if (end === undefined) return counted + (await read(() => countIds.get(rest) ?? 0))
      after = end
    }
  }

  const countOlder = async (partnerId: string, at: number): Promise<void> => {
    const upTo = idAt(at - NEW_MS)
    const pending = await countSpan({ partnerId, status: 'pending', after: '', upTo })
    let daily = 0
    // What is pending may end meanwhile, so it comes last: it is not counted twice.
    for (const status of REGISTRATION_STATUSES.toReversed())
      daily += await countSpan({ partnerId, status, after: idAt(at - DAY), upTo })
    counts.set(partnerId, { at, lastId: upTo, pending, daily })
  }

  /** Counts the older registrations of a partner, unless that was done a short time ago. */
  const refresh = async (partnerId: string, at: number): Promise<void> => {
    const known = counts.get(partnerId)
    if (known && Math.abs(at - known.at) < keptMs(known)) return
    const begun = counting.get(partnerId) ?? countOlder(partnerId, at).finally(() => counting.delete(partnerId))
    counting.set(partnerId, begun)
    await begun
  }

  const usageOf = (partnerId: string): Usage => {
    const { pending, daily, lastId } = counts.get(partnerId) ?? NOTHING_COUNTED
    const ofNew = (status: RegistrationStatus) => countIds.get({ partnerId, status, after: lastId, upTo: LAST_ID }) ?? 0
    return {
      pending: pending + ofNew('pending'),
      daily: REGISTRATION_STATUSES.reduce((sum, status) => sum + ofNew(status), daily),
      hosts: countHosts.get(partnerId) ?? 0,
    }
  }

  return {
    usageOf: async (partnerId: string, at: number): Promise<Usage> => {
      await refresh(partnerId, at)
      return read(() => usageOf(partnerId))
    },

    /** Counts what `begin` needs of these partners, bit by bit: within the transaction it would hold up everybody. */
    prepare: async (partnerIds: Iterable<string>, at: number): Promise<void> => {
      const limited = await read(() => [...partnerIds].filter(limitsOf))
      for (const partnerId of limited) await refresh(partnerId, at)
    },

    begin: (): QuotaBook => {
      const quotas = new Map<string, { limits: Quotas; usage: Usage } | null>()
      const load = (partnerId: string) => {
        const limits = limitsOf(partnerId)
        return limits && { limits, usage: usageOf(partnerId) }
      }
      return {
        of: partnerId => {
          const known = quotas.get(partnerId)
          if (known === undefined) quotas.set(partnerId, load(partnerId))
          return quotas.get(partnerId) ?? null
        },
        add: (partnerId, more) => {
          const known = quotas.get(partnerId)
          if (!known) return
          const { limits, usage } = known
          const { pending, daily } = usage
          // Lanes are added in this run too, so the hosts are counted.
          const hosts = limits.hosts === null ? usage.hosts : (countHosts.get(partnerId) ?? 0)
          quotas.set(partnerId, { limits, usage: { pending: pending + more.pending, daily: daily + 1, hosts } })
        },
      }
    },
  }
}
