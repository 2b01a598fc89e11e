import type { StoreContext } from '../context.ts'
import { advanceLanes } from '../messages/lanes.ts'
import { type Ending, resolve } from '../rules/settle-verification.ts'
import type { Dialect, Tx } from '../tx.ts'

/** Gives each partner the numbers of so many more events, and says what its newest is then; locks them in the order of their ids. */
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
 * Ends registrations, whose verifications the caller has locked, and creates the messages that tell it, numbered in their order. It comes
 * last: until the commit nobody else can number events of these partners.
 */
export const endRegistrations = async (
  tx: Tx,
  endings: readonly Ending[],
  { sealed }: Pick<StoreContext, 'sealed'>,
): Promise<void> => {
  if (endings.length === 0) return
  await advanceLanes(
    tx,
    endings.map(({ registration }) => registration.laneId),
    tx.at,
  )

  const byPartner = Map.groupBy(endings, ({ registration }) => registration.partnerId)
  const more = [...byPartner].map(([id, { length: n }]) => ({ id, n }))
  const numbered = await tx.all<Numbered>(NUMBER, { ids: [...byPartner.keys()], more })
  const partners = new Map(
    numbered.map(row => [row.id, { ...row, events: row.events - (byPartner.get(row.id)?.length ?? 0) }]),
  )

  const resolutions = endings.map(ending => {
    const partner = partners.get(ending.registration.partnerId)
    if (!partner) throw new Error('a registration whose partner is not there')
    return { ...resolve(ending, { at: tx.at, thin: partner.isThin }), event: ++partner.events }
  })
  const seqs = await tx.insert(
    'messageBodies',
    resolutions.map(({ message, event }) => ({ ...message, event, body: sealed.message.seal(message, message.body) })),
  )
  await tx.insert(
    'deliveries',
    resolutions.map(({ message: { partnerId, registrationId, laneId, callbackUrl, createdAt } }, i) => {
      return { seq: seqs[i] as number, partnerId, registrationId, laneId, callbackUrl, dueAt: createdAt }
    }),
  )
  await tx.update(
    'registrations',
    ['verificationId', 'n'],
    resolutions.map(({ registration: { verificationId, n, status, reason, resolvedAt } }, i) => {
      return { verificationId, n, status, reason, resolvedAt, messageSeq: seqs[i] as number }
    }),
  )
}
