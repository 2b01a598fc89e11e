import type { CallbackTurn } from './rules/callback-health.ts'
import type { NoticeEnd } from './rules/callback-notice.ts'

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

export interface CallbackNoticeSettlement extends Callback {
  id: string
  end: NoticeEnd
}

export interface CallbackPage {
  troubles: CallbackTrouble[]
  /** Where the next page begins; null: there is none. */
  next: Callback | null
}

/** Of a partner's status: the ones that have failed the longest. */
export const MOST_TROUBLES = 20
/** Messages held for a URL are counted up to here. */
export const MOST_HELD = 1_000
