import { randomInt } from 'node:crypto'
import { clock } from '../../app/clock-and-ids.ts'
import type { Config } from '../../config/settings.ts'
import type { Answer } from '../../core/answer.ts'
import type { Secret } from '../../core/secret.ts'
import { isInUse } from '../../store/account.ts'
import type { InspectedAccount, Inspection } from '../../store/inspection.ts'
import { openUpstream } from '../../upstream/upstream.ts'
import { USER_AGENT } from '../../version.ts'

export interface AskedAccount {
  apiId: string
  /** `not_asked`: repeated bad logins may freeze an account, so one that is paused is left alone. */
  outcome: Answer | 'paused' | 'unreadable'
  durationMs: number
  /** How far GetResult's clock is ahead of ours, to within a second; null: nobody knows. */
  aheadMs: number | null
}

/** A number as serials are, which GetResult has never given to anybody. */
const unknownSerial = (): string => `99${randomInt(1e12).toString().padStart(12, '0')}`

/** Asks GetResult once about an unknown serial for each account, one after the other. */
export const askAccounts = async (
  { upstream: settings }: Config,
  inspection: Inspection | null,
): Promise<AskedAccount[]> => {
  const upstream = openUpstream({ ...settings, concurrency: 1, userAgent: USER_AGENT, clock })
  try {
    const asked: AskedAccount[] = []
    for (const { account, apiKey, isPaused } of accountsOf(settings, await storedIn(inspection))) {
      if (isPaused || apiKey === null) {
        const outcome = isPaused ? 'paused' : 'unreadable'
        asked.push({ apiId: account.apiId, outcome, durationMs: 0, aheadMs: null })
        continue
      }
      const begin = clock.monotonic()
      const outcome = await upstream.ask({ ...account, apiKey }, unknownSerial())
      const durationMs = Math.round(clock.monotonic() - begin)
      asked.push({ apiId: account.apiId, outcome, durationMs, aheadMs: upstream.clockAheadMs() })
    }
    return asked
  } finally {
    upstream.close()
  }
}

interface Known {
  account: { id: string; apiId: string; passwordMode: 'dynamic' | 'static' }
  apiKey: Secret | null
  isPaused: boolean
}

const storedIn = async (inspection: Inspection | null): Promise<readonly InspectedAccount[]> =>
  inspection?.age === 'current' && inspection.opensWithKey ? inspection.accounts() : []

/** What the settings name comes first, with the key that it has there. */
const accountsOf = (
  { account, apiKey, passwordMode }: Config['upstream'],
  stored: readonly InspectedAccount[],
): Known[] => {
  const named = account !== null && apiKey !== null
  const first: Known[] = named
    ? [{ account: { id: 'settings', apiId: account, passwordMode }, apiKey, isPaused: isPaused(account, stored) }]
    : []
  const others = stored
    .filter(one => isInUse(one.account) && !(named && one.account.apiId === account))
    .map(one => ({ ...one, isPaused: one.account.pausedAt !== null }))
  return [...first, ...others]
}

const isPaused = (apiId: string, stored: readonly InspectedAccount[]): boolean =>
  stored.some(({ account }) => account.apiId === apiId && account.pausedAt !== null)
