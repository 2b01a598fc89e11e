import { SECOND } from '../../core/duration.ts'
import type { Head } from '../rules/claim-verifications.ts'
import { goOnFor } from '../rules/passing-over.ts'
import type { Tx } from './connection.ts'
import { HEADS, WAITING_ACCOUNTS } from './verification-statements.ts'

/** Before every due time. */
const FIRST = -1
/** A transaction that began before a look, and ends after it, may make something due in between. */
const UNDER_WAY_MS = SECOND

/** Of an account: before the due time of each of its queues nothing of that is due. */
interface Known {
  queues: ReadonlyMap<string, Head>
  /** When it was looked at from the first, and until when that need not be done again. */
  since: number
  until: number
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
      const isKnown = (id: string) => {
        const { since, until } = known.get(id) ?? { since: 0, until: 0 }
        // Of a clock that was set back, nothing is known.
        return since <= startedAt && startedAt < until
      }
      const whole = new Set(accountIds.filter(id => !isKnown(id)))
      const found = await headsFrom(tx, accountIds, id => (whole.has(id) ? [] : placesOf(id)))
      const restMs = goOnFor({ tookMs: now() - startedAt, found: found.flat().length })
      for (const [i, id] of accountIds.entries()) {
        const before = known.get(id)
        // Of two that were slow the first one may have been by chance.
        const until = startedAt + (before && news === newsBefore ? restMs : 0)
        const span = whole.has(id) || !before ? { since: startedAt, until } : before
        if (whole.has(id) && restMs === 0) known.delete(id)
        else known.set(id, { ...span, queues: queuesAfter(placesOf(id), found[i] ?? [], tx.at) })
      }
      return found.map(ofEnabled)
    },

    /** The same a moment after a look, with what this transaction has claimed. */
    lookOn: async (tx: Tx, accountIds: readonly string[]): Promise<readonly Head[][]> =>
      (await headsFrom(tx, accountIds, placesOf)).map(ofEnabled),

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
      `${partnerId} ${queue}`,
      { partnerId, queue, dueAt: Math.min(dueAt, at - UNDER_WAY_MS) },
    ]),
  )
}
