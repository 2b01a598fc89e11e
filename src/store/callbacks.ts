import {
  afterSuccess,
  type CallbackHealth,
  type CallbackPlan,
  type CallbackTurn,
  endsHold,
  type HoldEnd,
  heldBecause,
} from './rules/callback.ts'

/** A callback URL of a partner. */
export interface Callback {
  partnerId: string
  callbackUrl: string
}

/** The same text for the same URL of the same partner. */
export const keyOf = ({ partnerId, callbackUrl }: Callback): string => `${partnerId} ${callbackUrl}`

export interface TurnedCallback extends Callback {
  turn: CallbackTurn
  /** Since when all attempts failed, and how the last one did. */
  failingSince: number
  lastError: string
}

/** A URL that fails, or for which messages are held. Times are epoch ms. */
export interface CallbackTrouble extends Callback {
  /** `gone`: it answered 410. */
  state: 'failing' | 'disabled' | 'gone'
  /** Since when all attempts failed; where it answered 410, when that was. */
  since: number
  /** Since when messages are held; null: none are. */
  heldSince: number | null
  /** How the last attempt failed: `http_503`, or the error of an attempt; null: it answered 410. */
  lastError: string | null
  /** Messages that are held, counted up to `MOST_HELD`. */
  held: number
}

/** A webhook that tells a partner, at its URL `url`, that `callbackUrl` is disabled. Times are epoch ms. */
export interface CallbackNotice extends Callback {
  /** The same for every try. */
  id: string
  url: string
  disabledAt: number
  /** Since when all attempts failed, and how the last one did: `http_503`, or the error of an attempt. */
  failingSince: number
  lastError: string
  /** Which try it is, from 1. */
  attempt: number
}

/** The first `limit` URLs in trouble behind a place, in the order of partner and URL. */
export interface CallbackPage {
  troubles: CallbackTrouble[]
  /** Where the next page begins; null: there is none. */
  next: Callback | null
}

/** Of a partner's status: the ones that have failed the longest. */
export const MOST_TROUBLES = 20
/** Messages held for a URL are counted up to here. */
export const MOST_HELD = 1_000

export type CallbackRow = Callback & CallbackHealth

/** @param held how many messages are held for it */
export const troubleOf = ({ state, lastError, ...row }: CallbackRow, held: number): CallbackTrouble => ({
  partnerId: row.partnerId,
  callbackUrl: row.callbackUrl,
  state: state === 'gone' || state === 'disabled' ? state : 'failing',
  since: row.failingSince,
  heldSince: row.heldSince,
  lastError: state === 'gone' ? null : lastError,
  held,
})

/** @param rows one more than the page has, where there are more */
export const pageOf = (rows: readonly CallbackTrouble[], limit: number): CallbackPage => {
  const troubles = rows.slice(0, limit)
  const last = rows.length > limit ? troubles.at(-1) : undefined
  return { troubles, next: last ? { partnerId: last.partnerId, callbackUrl: last.callbackUrl } : null }
}

/** The URLs that one run of a transaction works with: each is read once, and changed in memory. */
export interface CallbackChanges {
  get(url: Callback): CallbackHealth | null
  apply(url: Callback, plan: CallbackPlan): void
  /** Lets go what is held for a URL, where this may; whether it did. */
  release(url: Callback, end: HoldEnd): boolean
  /** What has become of URLs in this run. */
  turns: readonly TurnedCallback[]
  /** What is to be written, each URL once; null: it works. What has been taken is not given again. */
  take(): (Callback & { health: CallbackHealth | null })[]
}

/** @param find as it is stored; null: it works */
export const createCallbackChanges = (find: (url: Callback) => CallbackHealth | null): CallbackChanges => {
  const known = new Map<string, CallbackHealth | null>()
  const changed = new Map<string, Callback & { health: CallbackHealth | null }>()
  const turns: TurnedCallback[] = []

  const get = (url: Callback): CallbackHealth | null => {
    const health = known.get(keyOf(url))
    if (health !== undefined) return health
    const found = find(url)
    known.set(keyOf(url), found)
    return found
  }

  const apply = (url: Callback, { health, turn }: CallbackPlan): void => {
    const before = get(url)
    const { partnerId, callbackUrl } = url
    const told = health ?? before
    if (turn && told) {
      const { failingSince, lastError } = told
      turns.push({ partnerId, callbackUrl, turn, failingSince, lastError })
    }
    if (health === before) return
    known.set(keyOf(url), health)
    changed.set(keyOf(url), { partnerId, callbackUrl, health })
  }

  return {
    get,
    apply,
    release: (url, end) => {
      if (!endsHold(end, get(url))) return false
      apply(url, afterSuccess(get(url)))
      return true
    },
    turns,
    take: () => {
      const taken = [...changed.values()]
      changed.clear()
      return taken
    },
  }
}

/** A URL is taken to work, since a test was answered well or an operator says so; whether messages were held for it. */
export const enable = (changes: Omit<CallbackChanges, 'take'>, url: Callback, end: 'test' | 'operator'): boolean => {
  if (changes.release(url, end)) return true
  if (heldBecause(changes.get(url)) === null) changes.apply(url, afterSuccess(changes.get(url)))
  return false
}
