import { type Callback, type CallbackPage, type CallbackTrouble, keyOf, MOST_TROUBLES } from '../callbacks.ts'
import type { CallbackHealth } from './callback-health.ts'

/** So many URLs a page looks at, at most. */
export const CALLBACK_WINDOW = 1_000

type Trouble = Omit<CallbackTrouble, 'held'>
interface Page {
  troubles: Trouble[]
  next: CallbackPage['next']
}

/** What an engine has found behind a place, in the order of partner and URL: `CALLBACK_WINDOW` of each kind at most. */
export interface CallbackFacts {
  health: readonly (Callback & CallbackHealth)[]
  /** `isHeld`: messages are; otherwise they are being released. */
  pauses: readonly (Callback & { since: number; isHeld: boolean })[]
}

export interface CallbackQuery {
  /** Null: of all partners, and only what is worth telling an operator. */
  partnerId: string | null
  after: Callback | null
}

const compareText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1)
/** Whether `a` comes before `b`, as a number for sorting. */
export const byCallback = (a: Callback, b: Callback): number =>
  compareText(a.partnerId, b.partnerId) || compareText(a.callbackUrl, b.callbackUrl)
/** The longest first. */
const bySince = (a: Trouble, b: Trouble): number => a.since - b.since || byCallback(a, b)

/** Those that have failed the longest. */
export const worstOf = (troubles: readonly Trouble[]): Trouble[] => troubles.toSorted(bySince).slice(0, MOST_TROUBLES)

/** Behind which place a page begins. */
export const placeOf = ({ partnerId, after }: CallbackQuery): Callback =>
  after ?? { partnerId: partnerId ?? '', callbackUrl: '' }

/**
 * The URLs of a page, in order, and where the next begins. Behind the last row of a kind that is full there may be more of it, so
 * both kinds are told up to there only.
 */
export const callbackTroublesOf = ({ health, pauses }: CallbackFacts, { partnerId }: CallbackQuery): Page => {
  const ends = [health, pauses].flatMap(rows => (rows.length < CALLBACK_WINDOW ? [] : (rows.at(-1) ?? [])))
  const end = ends.toSorted(byCallback)[0] ?? null
  const isOfPage = (row: Callback) =>
    (end === null || byCallback(row, end) <= 0) && (partnerId === null || row.partnerId === partnerId)
  const failing = new Map(health.filter(isOfPage).map(row => [keyOf(row), row]))
  const held = pauses.filter(row => isOfPage(row) && row.isHeld)
  const isHeld = new Set(held.map(keyOf))
  const isTold = (row: Callback & CallbackHealth) =>
    !isHeld.has(keyOf(row)) && (partnerId !== null || row.state === 'failing')
  const troubles = [
    ...held.map(pause => heldTrouble(pause, failing.get(keyOf(pause)))),
    ...[...failing.values()]
      .filter(isTold)
      .map(row => ({ ...failed(row), state: 'failing' as const, heldSince: null })),
  ]
  const goesOn = end !== null && (partnerId === null || end.partnerId === partnerId)
  return {
    troubles: troubles.toSorted(byCallback),
    next: goesOn ? { partnerId: end.partnerId, callbackUrl: end.callbackUrl } : null,
  }
}

const heldTrouble = (
  { partnerId, callbackUrl, since }: Callback & { since: number },
  row: (Callback & CallbackHealth) | undefined,
): Trouble =>
  row?.state === 'disabled'
    ? { ...failed(row), state: 'disabled', heldSince: since }
    : { partnerId, callbackUrl, state: 'gone', since, heldSince: since, lastError: null }

const failed = ({ partnerId, callbackUrl, failingSince, lastError }: Callback & CallbackHealth) => ({
  partnerId,
  callbackUrl,
  since: failingSince,
  lastError,
})

/** The first `limit` of them. */
export const cutPage = ({ troubles, next }: Page, limit: number): Page => {
  if (troubles.length <= limit) return { troubles, next }
  const page = troubles.slice(0, limit)
  const last = page.at(-1)
  return { troubles: page, next: last ? { partnerId: last.partnerId, callbackUrl: last.callbackUrl } : null }
}
