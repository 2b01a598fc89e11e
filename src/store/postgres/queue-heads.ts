import { SECOND } from '../../core/duration.ts'
import type { DueWindow, Head } from '../rules/claim-verifications.ts'
import { goOnFor } from '../rules/passing-over.ts'
import type { DueVerification } from '../rules/poll-queues.ts'
import type { Tx } from './connection.ts'
import { HEADS, WAITING_ACCOUNTS } from './verification-statements.ts'

/** Before every due time. */
const FIRST = -1
/** A transaction that began before a look, and ends after it, may make something due in between. */
const UNDER_WAY_MS = SECOND

/** Of an account: before the due time of each of its queues nothing of that is due. */
interface Known {
  queues: ReadonlyMap<string, Head>
  /** By queue: nothing is due after the one time and before the other. Between the head and what is fresh there are long ones. */
  gaps: Map<string, Gap>
  /** When it was looked at from the first, and until when that need not be done again. */
  since: number
  until: number
}

type Due = readonly (readonly DueVerification[])[]
type ReadDue = (windows: readonly DueWindow[]) => Promise<Due>

interface Gap {
  after: number
  before: number
}

/**
 * The heads of queues, as a node looks for them. Beside a transaction that stays open, a queue has before its head two dead rows of each
 * poll since then. Where these make a look slow, the node goes on from where it found the head, and begins from the first again only
 * every few seconds: what another node gives back, and so is due earlier than that head, may wait so long.
 */
export const createQueueHeads = (now: () => number) => {
  /** By account; none while looks are quick. */
  const known = new Map<string, Known>()
  let news = 0
  /** How long the last claim took to read what is due. */
  let dueMs = 0
  const knownAt = (accountId: string, at: number): Known | null => {
    const one = known.get(accountId)
    // Where the clock was set back, nothing is known.
    return one && one.since <= at && at < one.until ? one : null
  }
  const placesOf = (accountId: string): Head[] => [...(known.get(accountId)?.queues.values() ?? [])]

  return {
    /** The accounts for which something waits, or has waited just now. */
    waiting: async (tx: Tx): Promise<string[]> => {
      const rows = await tx.rows<{ accountId: string }>(WAITING_ACCOUNTS, [[...known.keys()]])
      return rows.map(({ accountId }) => accountId)
    },

    /** Of each account the heads of its queues. It remembers them, so what it reads has to be committed. */
    look: async (tx: Tx, accountIds: readonly string[]): Promise<readonly Head[][]> => {
      const [startedAt, newsBefore] = [now(), news]
      const whole = new Set(accountIds.filter(id => !knownAt(id, startedAt)))
      const found = await headsFrom(tx, accountIds, id => (whole.has(id) ? [] : placesOf(id)))
      const restMs = goOnFor({ tookMs: now() - startedAt + dueMs, found: found.flat().length })
      for (const [i, id] of accountIds.entries()) {
        const before = known.get(id)
        // Of two that were slow the first one may have been by chance.
        const until = startedAt + (before && news === newsBefore ? restMs : 0)
        const span = whole.has(id) || !before ? { gaps: new Map<string, Gap>(), since: startedAt, until } : before
        for (const head of found[i] ?? [])
          if (isIn(span.gaps.get(keyOf(head)), head.dueAt - 1)) span.gaps.delete(keyOf(head))
        const wasSlow = before !== undefined && before.until > before.since
        if (whole.has(id) && restMs === 0 && !wasSlow) known.delete(id)
        else known.set(id, { ...span, queues: queuesAfter(placesOf(id), found[i] ?? [], tx.at) })
      }
      return found.map(ofEnabled)
    },

    /** The same a moment after a look, with what this transaction has claimed. */
    lookOn: async (tx: Tx, accountIds: readonly string[]): Promise<readonly Head[][]> =>
      (await headsFrom(tx, accountIds, placesOf)).map(ofEnabled),

    /** Reads what is due in windows: not what has been read in them a moment ago, and was nothing but dead. */
    due: async (windows: readonly DueWindow[], read: ReadDue): Promise<Due> => {
      const startedAt = now()
      const begun = windows.map(window => {
        const gap = knownAt(window.accountId, startedAt)?.gaps.get(keyOf(window))
        return gap && isIn(gap, window.after) ? { ...window, after: gap.before - 1 } : window
      })
      const found = await read(begun)
      dueMs = Math.max(0, now() - startedAt)
      for (const [i, window] of windows.entries()) {
        const gaps = known.get(window.accountId)?.gaps
        const before = Math.min(found[i]?.[0]?.dueAt ?? Number.POSITIVE_INFINITY, window.at - UNDER_WAY_MS)
        if (window.after >= (gaps?.get(keyOf(window))?.after ?? 0))
          gaps?.set(keyOf(window), { after: window.after, before })
      }
      return found
    },

    /** Something may be due before the heads that were found: the next look begins from the first. After the commit of it. */
    lookAnew: (): void => {
      news++
      for (const one of known.values()) one.until = one.since
    },
  }
}

/** @returns of each account the heads of its queues */
export const headsOf = async (tx: Tx, accountIds: readonly string[]): Promise<readonly Head[][]> =>
  (await headsFrom(tx, accountIds, () => [])).map(ofEnabled)

interface FoundHead extends Head {
  isDisabled: boolean
}

const headsFrom = async (tx: Tx, accountIds: readonly string[], placesOf: (accountId: string) => readonly Head[]) => {
  const places = accountIds.flatMap(accountId => [
    { accountId, partnerId: '', queue: FIRST, dueAt: FIRST },
    ...placesOf(accountId).map(place => ({ ...place, accountId })),
  ])
  const rows = await tx.rows<FoundHead & { accountId: string }>(HEADS, [
    places.map(({ accountId }) => accountId),
    places.map(({ partnerId }) => partnerId),
    places.map(({ queue }) => queue),
    places.map(({ dueAt }) => dueAt),
  ])
  const byAccount = Map.groupBy(rows, ({ accountId }) => accountId)
  return accountIds.map(id => byAccount.get(id) ?? [])
}

const ofEnabled = (heads: readonly FoundHead[]): Head[] => heads.filter(({ isDisabled }) => !isDisabled)

/** What is known of queues after a look; of one that has become empty too, as what was in it lies there still. */
const queuesAfter = (before: readonly Head[], found: readonly Head[], at: number): ReadonlyMap<string, Head> => {
  const empty = before.map(place => ({ ...place, dueAt: Number.POSITIVE_INFINITY }))
  return new Map(
    [...empty, ...found].map(({ partnerId, queue, dueAt }) => [
      keyOf({ partnerId, queue }),
      { partnerId, queue, dueAt: Math.min(dueAt, at - UNDER_WAY_MS) },
    ]),
  )
}

/** What is due later than that may begin with the end of the gap. */
const isIn = (gap: Gap | undefined, after: number): boolean =>
  gap !== undefined && gap.after <= after && after < gap.before - 1

const keyOf = ({ partnerId, queue }: Pick<Head, 'partnerId' | 'queue'>): string => `${partnerId} ${queue}`
