import type { ClaimedMessage, ClaimedVerification } from '../../store.ts'
import { type Cells, readerOf } from './cells.ts'

/**
 * Messages of one lane come one after the other, often for the same URL: what they share is sent once. The texts that come of it
 * are then the same too, and whoever looks one up finds its hash made.
 */
export const packMessages = (messages: readonly ClaimedMessage[]): Cells => {
  const cells: Cells = []
  let last: ClaimedMessage | null = null
  for (const message of messages) {
    const isOfSameLane: boolean = message.laneId === last?.laneId
    cells.push(isOfSameLane)
    if (!isOfSameLane) cells.push(message.partnerId, message.laneId, message.host)
    if (!isOfSameLane) cells.push(message.slow, message.proven, message.strikes)
    cells.push(message.seq, message.claim, message.registrationId, message.attempts, message.retries)
    cells.push(message.callbackUrl === last?.callbackUrl ? null : message.callbackUrl, message.body.length)
    last = message
  }
  return cells
}

/** @param bodies those of all, one after the other */
export const unpackMessages = (cells: Cells, bodies: Uint8Array): ClaimedMessage[] => {
  const { hasMore, next } = readerOf(cells)
  const messages: ClaimedMessage[] = []
  let lane = null as unknown as Pick<ClaimedMessage, 'partnerId' | 'laneId' | 'host' | 'slow' | 'proven' | 'strikes'>
  let lastUrl = ''
  let start = bodies.byteOffset
  while (hasMore()) {
    const isOfSameLane: boolean = next()
    if (!isOfSameLane)
      lane = { partnerId: next(), laneId: next(), host: next(), slow: next(), proven: next(), strikes: next() }
    const message: ClaimedMessage = {
      partnerId: lane.partnerId,
      laneId: lane.laneId,
      host: lane.host,
      slow: lane.slow,
      proven: lane.proven,
      strikes: lane.strikes,
      seq: next(),
      claim: next(),
      registrationId: next(),
      attempts: next(),
      retries: next(),
      callbackUrl: next() ?? lastUrl,
      body: Buffer.from(bodies.buffer, start, next()),
    }
    messages.push(message)
    lastUrl = message.callbackUrl
    start += message.body.length
  }
  return messages
}

export const packVerifications = (verifications: readonly ClaimedVerification[]): Cells => {
  const cells: Cells = []
  for (const one of verifications) {
    cells.push(one.id, one.claim, one.partnerId, one.idcardid, one.dueAt, one.polls, one.nudgedAt, one.lastPolledAt)
    cells.push(one.failures, one.invalidIds, one.goneChecks, one.seen, one.waiting.length)
    for (const { id, createdAt, expiresAt } of one.waiting) cells.push(id, createdAt, expiresAt)
  }
  return cells
}

export const unpackVerifications = (cells: Cells): ClaimedVerification[] => {
  const { hasMore, next } = readerOf(cells)
  const verifications: ClaimedVerification[] = []
  while (hasMore())
    verifications.push({
      id: next(),
      claim: next(),
      partnerId: next(),
      idcardid: next(),
      dueAt: next(),
      polls: next(),
      nudgedAt: next(),
      lastPolledAt: next(),
      failures: next(),
      invalidIds: next(),
      goneChecks: next(),
      seen: next(),
      waiting: Array.from({ length: next() }, () => ({ id: next(), createdAt: next(), expiresAt: next() })),
    })
  return verifications
}
