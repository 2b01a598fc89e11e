import { createInFlight } from '../core/keyed-limiter.ts'

/** Counts the polls of this node by account, for the limits of its next claim. */
export const createPollSlots = ({ concurrency, onFree }: { concurrency: number; onFree: () => void }) => {
  const calls = createInFlight()
  /** Accounts with a change that is decided and not recorded yet. */
  const changing = createInFlight()

  return {
    /** Takes a slot of the account. Returns a function that frees it, once. */
    take: (accountId: string) => {
      let isFree = false
      calls.start(accountId)
      return () => {
        if (isFree) return
        isFree = true
        calls.end(accountId)
        onFree()
      }
    },
    /** Slots in use. An account with an unrecorded change counts as full: its next claim must see the change. */
    busy: (): Map<string, number> => {
      const full = [...changing.counts.keys()].map(accountId => [accountId, concurrency] as const)
      return new Map([...calls.counts, ...full])
    },
    changing,
    underWay: calls.total,
  }
}
