import { HOUR } from '../../../src/core/duration.ts'
import type { ClaimedVerification } from '../../../src/store/verifications/verification.ts'

export const NOW = Date.parse('2026-11-24T16:20:00.000Z')

/** A verification that has not been polled yet. */
export const verificationOf = (id: number, more: Partial<ClaimedVerification> = {}): ClaimedVerification => ({
  id,
  claim: 7,
  partnerId: 'partner_1',
  idcardid: String(id),
  dueAt: NOW,
  polls: 0,
  nudgedAt: NOW,
  lastPolledAt: null,
  rawStatus: null,
  failures: 0,
  failingSince: null,
  invalidIds: 0,
  goneChecks: 0,
  seen: false,
  traceparents: [],
  waiting: [{ id: `reg_${id}`, createdAt: NOW, expiresAt: NOW + HOUR }],
  ...more,
})
