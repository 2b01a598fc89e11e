import type { AccountState } from '../../src/core/account.ts'
import { Secret } from '../../src/core/secret.ts'
import type { ClaimedAccount } from '../../src/store/accounts/rows.ts'

/** In order: neither paused nor starting slowly. */
export const RUNNING: AccountState = {
  rate: 5,
  pausedAt: null,
  pauseReason: null,
  pauseCode: null,
  unreachableAt: null,
  unreachableError: null,
  probes: 0,
  probeAt: null,
  allowedAt: 0,
  rampAt: null,
  rampRate: null,
}

/** As a claim brings it. */
export const ACCOUNT: ClaimedAccount = {
  id: 'acc_1',
  apiId: 'C1',
  apiKey: new Secret('key'),
  passwordMode: 'dynamic',
  ...RUNNING,
}
