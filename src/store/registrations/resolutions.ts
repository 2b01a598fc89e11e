import type { Verdict } from '../../core/answer.ts'
import { webhookBody } from '../../core/message.ts'
import { outcomeOfVerdict } from '../../core/registration.ts'
import { TEST_ACCOUNT_ID } from '../../core/test-serial.ts'
import type { Reason } from '../../core/verification.ts'
import type { StoreContext } from '../context.ts'
import { advanceLanes } from '../messages/lanes.ts'
import type { Dialect, Row, Tx } from '../tx.ts'

/** Columns needed to end a registration. */
export const ENDED_BY = [
  'verificationId',
  'n',
  'id',
  'partnerId',
  'laneId',
  'callbackUrl',
  'metadata',
  'traceparent',
  'createdAt',
] as const

/** A registration that waits for its outcome. */
export interface WaitingRegistration extends Omit<Pick<Row<'registrations'>, (typeof ENDED_BY)[number]>, 'metadata'> {
  metadata: Readonly<Record<string, string>>
}

/** A registration that ends now. Times are epoch ms. */
export interface Ending {
  registration: WaitingRegistration
  accountId: string
  idcardid: string
  /** Null: it ends unresolved, for `reason`. */
  verdict: Verdict | null
  reason: Reason | null
  /** Last status shown by the upstream. */
  rawStatus: string | null
  observedAt: number
  previousPollAt: number | null
}

/** Reserves `n` event numbers per partner, locked in the order of their ids, and returns the highest of each. */
const NUMBER = (d: Dialect) => `
  UPDATE partners
  SET events = events + (SELECT more.n FROM ${d.rows('more', { id: 'text', n: 'int8' })} WHERE more.id = partners.id)
  WHERE id IN (SELECT id FROM partners WHERE id IN ${d.list('ids', 'text')} ORDER BY id ${d.forUpdate()})
  RETURNING id, events, payload = 'thin' AS "isThin"`

interface Numbered {
  id: string
  events: number
  isThin: boolean
}

/**
 * Ends registrations and creates their messages, numbered in this order. The caller has locked the verifications.
 *
 * Call it last in a transaction: it blocks the numbering of these partners' events until the commit.
 */
export const endRegistrations = async (
  tx: Tx,
  endings: readonly Ending[],
  { sealed }: Pick<StoreContext, 'sealed'>,
): Promise<void> => {
  if (endings.length === 0) return
  const byPartner = Map.groupBy(endings, ({ registration }) => registration.partnerId)
  const more = [...byPartner].map(([id, { length: n }]) => ({ id, n }))
  const numbered = await tx.all<Numbered>(NUMBER, { ids: [...byPartner.keys()], more })
  const partners = new Map(
    numbered.map(row => [row.id, { ...row, events: row.events - (byPartner.get(row.id)?.length ?? 0) }]),
  )

  const messages = endings.map(ending => {
    const { partnerId, id: registrationId, laneId, callbackUrl, traceparent } = ending.registration
    const partner = partners.get(partnerId)
    if (!partner) throw new Error('a registration whose partner is not there')
    const { type } = outcomeOfVerdict(ending.verdict)
    const body = sealed.message.seal({ partnerId, registrationId }, bodyOf(ending, { at: tx.at, thin: partner.isThin }))
    const event = ++partner.events
    return { partnerId, registrationId, laneId, callbackUrl, type, body, createdAt: tx.at, traceparent, event }
  })
  const seqs = await tx.insert('messageBodies', messages)
  const deliveries = messages.map(({ partnerId, registrationId, laneId, callbackUrl }, i) => {
    return { seq: seqs[i] as number, partnerId, registrationId, laneId, callbackUrl, dueAt: tx.at }
  })
  await tx.insert('deliveries', deliveries)
  const ended = endings.map(({ registration: { verificationId, n }, verdict, reason }, i) => {
    const { status } = outcomeOfVerdict(verdict)
    return { verificationId, n, status, reason, resolvedAt: tx.at, messageSeq: seqs[i] as number }
  })
  await tx.update('registrations', ['verificationId', 'n'], ended)
  // Last, because claims skip a locked lane.
  const laneIds = messages.map(({ laneId }) => laneId)
  await advanceLanes(tx, laneIds, tx.at)
}

/** Returns the body of the webhook. @param how.thin leaves out the scores and the message */
const bodyOf = (
  { registration, accountId, idcardid, verdict, reason, rawStatus, observedAt, previousPollAt }: Ending,
  { at, thin }: { at: number; thin: boolean },
): string =>
  webhookBody({
    type: outcomeOfVerdict(verdict).type,
    timestamp: at,
    registrationId: registration.id,
    idcardid,
    status: verdict?.status ?? rawStatus,
    reason,
    verdict,
    thin,
    sandbox: accountId === TEST_ACCOUNT_ID,
    metadata: registration.metadata,
    observedAt,
    previousPollAt,
  })
