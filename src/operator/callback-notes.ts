import type { OperatorNote } from '../core/operator-event.ts'
import { heldBecause } from '../store/rules/callback-health.ts'
import { hostOf } from '../store/rules/lane.ts'
import type { Callback, CallbackPage, Store, TurnedCallback } from '../store/store.ts'

/** Of what is in trouble when the process starts, so much at most is looked at; a page reads 1,000 URLs at most. */
const MOST_PAGES = 20
const PAGE = 50

/** What begins with it for operators, of all URLs of the host together; null: nothing. An end is looked for: another URL may be as bad. */
export const noteOfTurn = (
  { partnerId, callbackUrl, turn, failingSince: since, lastError: error }: TurnedCallback,
  { at, retentionMs }: { at: number; retentionMs: number },
): OperatorNote | null => {
  const host = hostOf(callbackUrl)
  const subject = `${partnerId} ${host}`
  const details = { partnerId, host, since, error }
  switch (turn) {
    case 'failing':
      return { condition: 'callback.failing', subject, at, adds: 1, details }
    case 'disabled':
      return {
        condition: 'callback.disabled',
        subject,
        at,
        adds: 1,
        // The first that failed had its result then, or before.
        details: { ...details, erasedFrom: since + retentionMs },
      }
    default:
      return null
  }
}

/** Notes which URLs failed until they were disabled: an earlier process may have ended between their turn and its note. Of what is known nothing changes. */
export const noteDisabled = async ({
  store,
  note,
  retentionMs,
}: {
  store: Pick<Store, 'now' | 'listCallbacks'>
  note: (note: OperatorNote) => void
  retentionMs: number
}): Promise<void> => {
  let after: Callback | null = null
  for (let page = 0; page < MOST_PAGES; page++) {
    const at = store.now()
    const { troubles, next }: CallbackPage = await store.listCallbacks(null, { after, limit: PAGE })
    for (const { partnerId, callbackUrl, state, since: failingSince, lastError } of troubles) {
      if (state !== 'disabled' || lastError === null || heldBecause({ state, lastError }) === 'operator') continue
      const noted = noteOfTurn({ partnerId, callbackUrl, turn: state, failingSince, lastError }, { at, retentionMs })
      if (noted !== null) note({ ...noted, adds: 0 })
    }
    if (next === null) return
    after = next
  }
}
