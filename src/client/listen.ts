import { SECOND } from '../core/duration.ts'
import type { Language, Words } from '../core/language.ts'
import type { Client } from './client.ts'
import { NotifierError } from './error.ts'
import { abortable, type pause } from './pause.ts'
import type { StoredEvent } from './shapes.ts'
import { describe } from './transport.ts'

export interface ListenDeps {
  client: Pick<Client, 'events' | 'status'>
  fetch: typeof globalThis.fetch
  pause: typeof pause
  say: (line: string) => void
  language: Language
  signal: AbortSignal
}

/** Time limit of one attempt. */
const TIMEOUT_MS = 15 * SECOND
/**
 * Few enough to send the last webhook of a page before its signature is too old, even if all before it take the full
 * time.
 */
const PAGE_SIZE = 10
const PAUSE_MS = 1 * SECOND
const begun = (target: string): Words => ({
  en: `forwarding to ${target}; to begin here again: `,
  zh: `正在转发到 ${target}；再次从此刻开始：`,
})

/**
 * Forwards webhooks to `target` in order until the signal aborts, also through outages of the service. It begins at the
 * time `since`, or after the cursor `after`; without either, now, by the service's clock. Rejects with a
 * `NotifierError` if waiting cannot help.
 */
export const listen = async (
  deps: ListenDeps,
  { target, since, after }: { target: string; since?: string | undefined; after?: string | undefined },
): Promise<void> => {
  const { client, say, language, signal } = deps
  while (!signal.aborted) {
    let waitMs = PAUSE_MS
    try {
      if (since === undefined && after === undefined) {
        since = (await client.status({ signal })).at
        say(`${begun(target)[language]}--since ${since}`)
      }
      for await (const page of client.events({ after, since, limit: PAGE_SIZE }, { signal }).pages()) {
        for (const event of page.data) {
          const { idcardid = '' } = (JSON.parse(event.body) as { data: { idcardid?: string } }).data
          say(`${event.type} ${event.registrationId} ${idcardid} → ${await forward(deps, target, event)}`)
        }
        after = page.nextCursor
      }
    } catch (error) {
      if (signal.aborted) break
      if (!(error instanceof NotifierError)) throw error
      const { status, problem, retryAfterMs, message } = error
      // The cursor is from before the service was restored from a backup.
      if (problem?.nextCursor !== undefined) after = problem.nextCursor
      else if (status !== null && status !== 429 && status < 500) throw error
      say(message)
      waitMs = retryAfterMs || PAUSE_MS
    }
    await deps.pause(waitMs, signal).catch(() => {})
  }
  if (after !== undefined) say(`--after ${after}`)
}

/** Sends the webhook as the service would. Resolves with the response, or the reason why there is none, as text. */
const forward = async ({ fetch, signal }: ListenDeps, target: string, event: StoredEvent): Promise<string> => {
  const limit = abortable(TIMEOUT_MS, signal)
  const request = { method: 'POST', headers: { 'content-type': 'application/json', ...event.headers } }
  try {
    const response = await fetch(target, { ...request, body: event.body, redirect: 'manual', signal: limit.signal })
    const text = (await response.text()).slice(0, 200)
    return text === '' ? `${response.status}` : `${response.status} ${JSON.stringify(text)}`
  } catch (error) {
    signal.throwIfAborted()
    return limit.signal.aborted ? 'timeout' : describe(error)
  } finally {
    limit.end()
  }
}
