import { randomInt } from 'node:crypto'
import { clock } from '../../app/clock-and-ids.ts'
import type { Config } from '../../config/settings.ts'
import type { Answer } from '../../core/answer.ts'
import type { Secret } from '../../core/secret.ts'
import { isInUse } from '../../store/accounts/rows.ts'
import type { Inspection } from '../../store/inspection.ts'
import { openUpstream } from '../../upstream/upstream.ts'
import { USER_AGENT } from '../../version.ts'

export interface AskedAccount {
  apiId: string
  /** `paused`: not asked, for repeated bad logins may freeze an account. */
  outcome: Answer | 'paused' | 'unreadable'
  /** What a second call said where the first had the verdict on a serial of the operator's own. */
  again: Answer | null
  passwordMode: 'dynamic' | 'static'
  durationMs: number
  /** How far GetResult's clock is ahead of ours, to within a second; null: nobody knows. */
  aheadMs: number | null
}

interface Known {
  account: { id: string; apiId: string; passwordMode: 'dynamic' | 'static' }
  apiKey: Secret | null
  isPaused: boolean
}

const NOT_ASKED = { again: null, durationMs: 0, aheadMs: null }

/** A number as serials are, which GetResult has never given to anybody. */
const unknownSerial = (): string => `99${randomInt(1e12).toString().padStart(12, '0')}`

/**
 * Asks GetResult for each account, one after the other: about a serial of the operator's own, twice where it has a verdict, or once about
 * one that is unknown.
 */
export const askAccounts = async (
  { upstream: settings }: Config,
  inspection: Inspection | null,
  live: string | null = null,
): Promise<AskedAccount[]> => {
  const upstream = openUpstream({ ...settings, userAgent: USER_AGENT, clock })
  const ask = async ({ account, apiKey, isPaused }: Known): Promise<AskedAccount> => {
    const { apiId, passwordMode } = account
    if (isPaused || apiKey === null)
      return { ...NOT_ASKED, apiId, passwordMode, outcome: isPaused ? 'paused' : 'unreadable' }
    const begin = clock.monotonic()
    const askOnce = () => upstream.ask({ ...account, apiKey }, live ?? unknownSerial())
    const outcome = await askOnce()
    const durationMs = Math.round(clock.monotonic() - begin)
    const again = live !== null && outcome.kind === 'verdict' ? await askOnce() : null
    return { apiId, passwordMode, outcome, again, durationMs, aheadMs: upstream.clockAheadMs() }
  }
  try {
    const asked: AskedAccount[] = []
    for (const one of await accountsOf(settings, inspection)) asked.push(await ask(one))
    return asked
  } finally {
    upstream.close()
  }
}

/** The account of the settings comes first, with the key that it has there. */
const accountsOf = async (
  { account: apiId, apiKey, passwordMode }: Config['upstream'],
  inspection: Inspection | null,
): Promise<Known[]> => {
  const isReadable = (await inspection?.age()) === 'current' && (await inspection?.opensWithKey())
  const stored = isReadable ? ((await inspection?.accounts()) ?? []) : []
  const known = stored.map(one => ({ ...one, isPaused: one.account.pausedAt !== null }))
  if (apiId === null || apiKey === null) return known.filter(one => isInUse(one.account))
  const isPaused = known.some(one => one.account.apiId === apiId && one.isPaused)
  const others = known.filter(one => isInUse(one.account) && one.account.apiId !== apiId)
  return [{ account: { id: 'settings', apiId, passwordMode }, apiKey, isPaused }, ...others]
}
