import type { TurnedCallback } from '../callbacks.ts'
import type { Hint } from '../hints.ts'
import type { Cancellation, Partner, PartnerChange, Registered } from '../store.ts'

/** @param isReleased the hold of a callback URL has ended */
export const afterRegistering = (registered: readonly Registered[], isReleased: boolean): Hint[] => {
  const created = registered.flatMap(one => (one.outcome === 'created' ? [one.registration] : []))
  const hints: Hint[] = []
  if (created.some(({ status }) => status === 'pending')) hints.push(['verificationsDue'])
  if (isReleased || created.some(({ status }) => status !== 'pending')) hints.push(['messagesDue'])
  return hints
}

export const afterResolving = (registrationIds: readonly string[]): Hint[] =>
  registrationIds.length === 0 ? [] : [['messagesDue'], ['resolved', registrationIds]]

/** @param released how many verifications are due again */
export const afterReleasing = (released: number): Hint[] => (released === 0 ? [] : [['verificationsDue']])

export const afterCancelling = (partnerId: string, registrationId: string): Hint[] => [
  ['cancelled', { partnerId, registrationId }],
  ['resolved', [registrationId]],
]

/** @param ended the partner's secrets that stopped signing now: what is claimed would be signed with them */
export const afterEndingSecrets = (partnerId: string, ended: number): Hint[] =>
  ended === 0 ? [] : [['cancelled', { partnerId, registrationId: null }]]

/** @param partner as it is now; null: there is none */
export const afterChangingPartner = (partner: Partner | null, { disabled }: PartnerChange): Hint[] => {
  if (partner === null || disabled === undefined) return []
  return disabled
    ? [['cancelled', { partnerId: partner.id, registrationId: null }]]
    : [['verificationsDue'], ['messagesDue']]
}

export const afterTurning = (turns: readonly TurnedCallback[]): Hint[] => {
  if (turns.length === 0) return []
  const isReleased = turns.some(({ turn }) => turn === 'enabled')
  return [['callbacksTurned', turns], ...(isReleased ? [['messagesDue'] as Hint] : [])]
}

/** After a step of a bulk act that was done to `count` registrations. */
export const afterBulkStep = ({
  count,
  cancelled,
  turns,
}: {
  count: number
  cancelled: readonly Cancellation[]
  turns: readonly TurnedCallback[]
}): Hint[] =>
  count === 0
    ? []
    : [
        ['messagesDue'],
        ['verificationsDue'],
        ...cancelled.flatMap(({ registration }) => afterCancelling(registration.partnerId, registration.id)),
        ...afterTurning(turns),
      ]
