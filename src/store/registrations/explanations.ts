import { isProbed } from '../../core/account.ts'
import type { Answer } from '../../core/answer.ts'
import type { MessageType } from '../../core/message.ts'
import type { Account } from '../accounts/rows.ts'
import { type HeldBecause, heldBecause } from '../callbacks/health.ts'
import { findUrl, HELD_SINCE } from '../callbacks/rows.ts'
import type { StoreContext, VerbModule } from '../context.ts'
import type { Attempt } from '../messages/message.ts'
import { heldAt } from '../operators/facts.ts'
import { openSecrets } from '../partners/signing-secrets.ts'
import { columnsOf, type Row, type Tx } from '../tx.ts'
import { forecastAt, type PollForecast } from '../verifications/forecast.ts'
import { newestAttempts } from './queries.ts'
import { type Registration, type RegistrationRow, selectOwned, toRegistration } from './registration.ts'

/** Why a registration has no webhook yet, for operators and partners. */
export interface Explanation {
  registration: Registration
  lastAnswer: Answer['kind'] | null
  lastCode: number | null
  rawStatus: string | null
  /** Why the account makes no polls. */
  account: Pick<Account, 'id' | 'pausedAt' | 'pauseReason' | 'pauseCode' | 'unreachableAt' | 'unreachableError'>
  /** A disabled partner's serials are not polled, and its messages not sent. */
  isPartnerDisabled: boolean
  /** Null: not in a queue, because it is not due, is being polled, or its account makes no polls now. */
  queue: PollForecast | null
  lastAttempt: Attempt | null
  messageType: MessageType | null
  /** When the hold of the callback URL began: it answered 410 or is disabled. */
  heldSince: number | null
  heldBecause: HeldBecause | null
  /** The message waits, and none of its partner's signing secrets can be decrypted. */
  unsignable: boolean
  /**
   * `under_way`: claimed, so an attempt is made now. `not_sent`: the last claim brought no attempt, by our own fault.
   */
  sending: 'under_way' | 'not_sent' | null
  /** When an operator put all messages on hold; null: not held, or this message does not wait. */
  allHeldSince: number | null
}

export const explanationVerbs = {
  lists: context => ({
    explain: (partnerId: string, id: string): Promise<Explanation | null> =>
      context.queued(partnerId, () =>
        context.read(async tx => {
          const row = (await selectOwned(tx, [{ partnerId, id }])).get(id)
          if (!row) return null
          const registration = toRegistration(context, row)
          const { account, probeAt, rawStatus, ...polling } = await pollingOf(tx, row)
          const { dueAt, accountId, queue } = row
          // While it is polled, the due time is the end of the lease.
          const isDue = dueAt !== null && dueAt <= tx.at
          const place = { id: row.verificationId, accountId, partnerId, queue }
          const { messageType, ...sending } = await sendingOf(tx, row)
          // A cancelled registration no longer shows how it would have ended.
          const isErased = row.status === 'cancelled'
          return {
            // No poll of the account goes before its canary.
            registration: isDue && isProbed(account) ? { ...registration, nextPollAt: probeAt } : registration,
            account,
            ...polling,
            rawStatus: isErased ? null : rawStatus,
            queue: isDue ? await forecastAt(tx, { ...place, dueAt }, context.defaultRate) : null,
            messageType: isErased ? null : messageType,
            ...sending,
            ...(await holdsOf(tx, row, context)),
          }
        }),
      ),
  }),
} satisfies VerbModule

const HELD = `SELECT ${HELD_SINCE} AS "heldSince" FROM deliveries d WHERE d.seq = @messageSeq`
const NOT_HELD = { heldSince: null, heldBecause: null, unsignable: false, allHeldSince: null }

/** Why a waiting message is not sent. */
const holdsOf = async (tx: Tx, row: RegistrationRow, context: StoreContext) => {
  if (row.messageState !== 'pending') return NOT_HELD
  const [{ heldSince = null } = {}] = await tx.all<{ heldSince: number | null }>(HELD, { messageSeq: row.messageSeq })
  const callback = heldSince === null ? null : await findUrl(tx, row)
  return {
    heldSince,
    heldBecause: heldBecause(callback),
    unsignable: !(await openSecrets(tx, [row.partnerId], context)).get(row.partnerId)?.length,
    allHeldSince: await heldAt(tx),
  }
}

const ACCOUNT = ['probeAt', 'pausedAt', 'pauseReason', 'pauseCode', 'unreachableAt', 'unreachableError'] as const
const POLLING = `
  SELECT ${columnsOf('verifications', ['lastAnswer', 'lastCode', 'rawStatus'], 'v')}, ${columnsOf('accounts', ACCOUNT, 'a')},
    p.disabled AS "isPartnerDisabled"
  FROM verifications v JOIN partners p ON p.id = @partnerId LEFT JOIN accounts a ON a.id = v.account_id WHERE v.id = @verificationId`

type Polling = Pick<Explanation, 'lastAnswer' | 'lastCode' | 'rawStatus'> &
  Pick<Row<'accounts'>, (typeof ACCOUNT)[number]> & { isPartnerDisabled: boolean | number }

/** Last answer for the serial, and its account. The next canary goes at `probeAt`; null: none is planned. */
const pollingOf = async (tx: Tx, { verificationId, accountId, partnerId }: RegistrationRow) => {
  const [row] = await tx.all<Polling>(POLLING, { verificationId, partnerId })
  if (!row) throw new Error(`verification ${verificationId} is gone`)
  const { lastAnswer, lastCode, rawStatus, probeAt, isPartnerDisabled, ...account } = row
  const polling = { lastAnswer, lastCode, rawStatus, probeAt, isPartnerDisabled: Boolean(isPartnerDisabled) }
  return { ...polling, account: { id: accountId, ...account } }
}

const MESSAGE = 'SELECT type, fence FROM messages WHERE seq = @messageSeq'
const NO_MESSAGE = { messageType: null, lastAttempt: null, sending: null }

/** Its message with the last attempt, and whether it is being sent. */
const sendingOf = async (
  tx: Tx,
  { messageSeq, messageClaims, sendDueAt, sendClaimedAt }: RegistrationRow,
): Promise<Pick<Explanation, 'messageType' | 'lastAttempt' | 'sending'>> => {
  if (messageSeq === null) return NO_MESSAGE
  const [message] = await tx.all<{ type: MessageType; fence: number }>(MESSAGE, { messageSeq })
  if (!message) return NO_MESSAGE
  const [last] = await newestAttempts(tx, messageSeq, 1)
  const fields = { messageType: message.type, lastAttempt: last?.attempt ?? null }
  if (sendDueAt === null || sendDueAt <= tx.at) return { ...fields, sending: null }
  if (sendClaimedAt !== null) return { ...fields, sending: 'under_way' }
  // A claim since the last resend has brought no attempt.
  const isUnsent = (messageClaims ?? 0) > Math.max(message.fence, last?.claim ?? 0)
  return { ...fields, sending: isUnsent ? 'not_sent' : null }
}
