import { Secret } from '../../src/core/secret.ts'
import type { ClaimedAccount } from '../../src/store/store.ts'

/** An account as a claim brings it, in order. */
export const ACCOUNT: ClaimedAccount = {
  id: 'acc_1',
  apiId: 'C1',
  apiKey: new Secret('key'),
  passwordMode: 'dynamic',
  rate: 5,
  pausedAt: null,
  pauseReason: null,
  pauseCode: null,
  probes: 0,
  probeAt: null,
  allowedAt: 0,
  rampAt: null,
  rampRate: null,
}
