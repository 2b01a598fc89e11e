import type { MessageSettlement, VerificationSettlement } from '../../store.ts'
import { type Cells, readerOf } from './cells.ts'

export const packMessageSettlements = (settlements: readonly MessageSettlement[]): Cells => {
  const cells: Cells = []
  for (const { message, step, attempt, timedOut } of settlements) {
    // Whose URL it is counts only where the receiver wants no more.
    const [partnerId, callbackUrl] = step.gone ? [message.partnerId, message.callbackUrl] : ['', '']
    cells.push(message.seq, message.claim, partnerId, callbackUrl, message.laneId, message.strikes, message.proven)
    cells.push(step.state, step.dueAt, step.retries, step.gone, timedOut, attempt !== null)
    if (attempt === null) continue
    cells.push(attempt.at, attempt.outcome, attempt.httpStatus, attempt.error)
    cells.push(attempt.durationMs, attempt.responseExcerpt)
  }
  return cells
}

export const unpackMessageSettlements = (cells: Cells): MessageSettlement[] => {
  const { hasMore, next } = readerOf(cells)
  const settlements: MessageSettlement[] = []
  while (hasMore()) {
    const message = {
      seq: next(),
      claim: next(),
      partnerId: next(),
      callbackUrl: next(),
      laneId: next(),
      strikes: next(),
      proven: next(),
    }
    const step = { state: next(), dueAt: next(), retries: next(), gone: next() }
    const timedOut = next()
    const isAttempt: boolean = next()
    const attempt = isAttempt
      ? {
          at: next(),
          outcome: next(),
          httpStatus: next(),
          error: next(),
          durationMs: next(),
          responseExcerpt: next(),
        }
      : null
    settlements.push({ message, step, attempt, timedOut })
  }
  return settlements
}

export const packVerificationSettlements = (settlements: readonly VerificationSettlement[]): Cells => {
  const cells: Cells = []
  for (const { id, claim, answer, askedAt, observedAt, step, account } of settlements) {
    cells.push(id, claim, answer, askedAt, observedAt, account)
    cells.push(step.failures, step.invalidIds, step.goneChecks, step.seen, step.dueAt, step.verdict, step.ended)
  }
  return cells
}

export const unpackVerificationSettlements = (cells: Cells): VerificationSettlement[] => {
  const { hasMore, next } = readerOf(cells)
  const settlements: VerificationSettlement[] = []
  while (hasMore()) {
    settlements.push({
      id: next(),
      claim: next(),
      answer: next(),
      askedAt: next(),
      observedAt: next(),
      account: next(),
      step: {
        failures: next(),
        invalidIds: next(),
        goneChecks: next(),
        seen: next(),
        dueAt: next(),
        verdict: next(),
        ended: next(),
      },
    })
  }
  return settlements
}
