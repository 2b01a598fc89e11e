import type { MessageType } from '../../core/message.ts'
import { findUrl } from '../callbacks/urls.ts'
import type { StoreContext } from '../context.ts'
import { heldAt } from '../operators/facts.ts'
import { createSecretRows } from '../partners/signing-secrets.ts'
import { type SelectedRegistration, toRegistration } from '../registration-rows.ts'
import {
  type ExplanationFacts,
  explanationOf,
  isQueued,
  type SendingFacts,
  sendingNow,
} from '../rules/registration-view.ts'
import type { ExplainedAccount, Store } from '../store.ts'
import { columnsOf, type Tx } from '../tx.ts'
import { createPollPlaces } from '../verifications/queues.ts'
import { newestAttempts } from './queries.ts'
import { selectOwned } from './rows.ts'

export const createExplanations = (
  context: Pick<StoreContext, 'read' | 'sealed' | 'openOr' | 'defaultRate'>,
): Pick<Store, 'explain'> => {
  const forecastOf = createPollPlaces(context)
  const secrets = createSecretRows(context)

  return {
    explain: (partnerId, id) =>
      context.read(async tx => {
        const row = (await selectOwned(tx, [{ partnerId, id }])).get(id)
        if (!row) return null
        const { accountId, probeAt, lastAnswer, lastCode, rawStatus, account } = await pollingOf(tx, row)
        const place = { id: row.verificationId, accountId, partnerId, queue: row.pollQueue, dueAt: row.pollDueAt }
        const message = await messageOf(tx, row)
        return explanationOf(toRegistration(context, row), {
          lastAnswer,
          lastCode,
          rawStatus,
          account,
          isDue: isQueued(place, tx.at),
          probeAt,
          queue: isQueued(place, tx.at) ? await forecastOf(tx, place) : null,
          lastAttempt: message?.lastAttempt ?? null,
          messageType: message?.type ?? null,
          callback: await findUrl(tx, row),
          canSign: await secrets.canSign(tx, partnerId),
          sending: message && sendingNow(message.sending, tx.at),
          deliveriesHeldAt: await heldAt(tx),
        })
      }),
  }
}

interface Polling extends Pick<ExplanationFacts, 'lastAnswer' | 'lastCode' | 'rawStatus' | 'probeAt' | 'account'> {
  accountId: string
}

const ACCOUNT = ['probeAt', 'pausedAt', 'pauseReason', 'pauseCode', 'unreachableAt', 'unreachableError'] as const
const POLLING = `
  SELECT ${columnsOf('verifications', ['accountId', 'lastAnswer', 'lastCode', 'rawStatus'], 'v')},
    ${columnsOf('accounts', ACCOUNT, 'a')}
  FROM verifications v LEFT JOIN accounts a ON a.id = v.account_id WHERE v.id = @verificationId`

/** What is known of its serial, and of the account that is asked. */
const pollingOf = async (tx: Tx, { verificationId }: SelectedRegistration): Promise<Polling> => {
  const [row] = await tx.all<Omit<Polling, 'account'> & Omit<ExplainedAccount, 'id'>>(POLLING, { verificationId })
  if (!row) throw new Error(`verification ${verificationId} is gone`)
  const { accountId, lastAnswer, lastCode, rawStatus, probeAt, ...account } = row
  return { accountId, lastAnswer, lastCode, rawStatus, probeAt, account: { id: accountId, ...account } }
}

interface Message extends Pick<ExplanationFacts, 'lastAttempt'> {
  type: MessageType
  sending: SendingFacts
}

const MESSAGE = `
  SELECT type, due_at AS "dueAt", claimed_at AS "claimedAt", claims, fence FROM messages WHERE seq = @messageSeq`

/** Null: it has none. */
const messageOf = async (tx: Tx, { messageSeq }: SelectedRegistration): Promise<Message | null> => {
  if (messageSeq === null) return null
  const [row] = await tx.all<Pick<Message, 'type'> & Omit<SendingFacts, 'attemptedClaim'>>(MESSAGE, { messageSeq })
  if (!row) return null
  const { type, ...sending } = row
  const [last] = await newestAttempts(tx, messageSeq, 1)
  return {
    type,
    sending: { ...sending, attemptedClaim: last?.claim ?? null },
    lastAttempt: last?.attempt ?? null,
  }
}
