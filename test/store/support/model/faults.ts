import { earlier } from '../../../../src/store/rules/lane.ts'
import { RULES, type Rules } from '../memory/rules.ts'

/** Each breaks one rule of the reference, as a change of the code could break it for every engine. */
export const FAULTS: Readonly<Record<string, Partial<Rules>>> = {
  'an attempt decides though its claim no longer holds': {
    settleMessage: (settlement, facts, lane) => {
      const held = facts && { ...facts, claims: settlement.message.claim, claimedAt: facts.claimedAt ?? 1 }
      return RULES.settleMessage(settlement, held, lane)
    },
  },
  'an attempt that is told twice counts twice': {
    settleMessage: (settlement, facts, lane) =>
      RULES.settleMessage(settlement, facts && { ...facts, isRecorded: false }, lane),
  },
  'an answer that is told twice counts twice': {
    settleVerification: (settlement, facts, at) =>
      RULES.settleVerification(settlement, facts && { ...facts, claimedAt: facts.claimedAt ?? at }, at),
  },
  'a cancelling leaves the count of claims': {
    cancelRegistration: (facts, at) => {
      const plan = RULES.cancelRegistration(facts, at)
      if (!plan) return null
      const { message, verification } = plan
      return {
        ...plan,
        message: message && { ...message, claims: facts.message?.claims ?? 0 },
        verification: { ...verification, stops: verification.stops && { claims: facts.verification.claims } },
      }
    },
  },
  'a retry does not advance its lane': {
    settleMessage: (settlement, facts, lane) => {
      const plan = RULES.settleMessage(settlement, facts, lane)
      return plan && { ...plan, lane: { ...plan.lane, dueAt: lane.dueAt } }
    },
  },
  'a URL that fails for days is tried on and on': {
    afterAttemptAt: (health, attempt, at) => {
      const plan = RULES.afterAttemptAt(health, attempt, at)
      return plan.turn === 'disabled' ? { health, turn: null } : plan
    },
  },
  'a failure counts though another attempt was answered well': {
    afterAttemptAt: (health, attempt, at) =>
      attempt.outcome === 'delivered' ? { health, turn: null } : RULES.afterAttemptAt(health, attempt, at),
  },
  'a good test ends the hold after a 410': { endsHold: () => true },
  'after a break old retries go before first attempts': {
    firstsAndRetries: rows => [...rows],
  },
  'what was held goes out at once': {
    rampedInLane: (lane, _seq, at) => ({ dueAt: at, lane: { ...lane, dueAt: earlier(lane.dueAt, at) } }),
  },
  'a resend leaves the pause of its URL': { resendLifts: () => false },
  'a second verdict replaces the first': {
    settleVerification: (settlement, facts, at) =>
      RULES.settleVerification(settlement, facts && { ...facts, isResolved: false }, at),
  },
  'one that joined during the call is never asked about': {
    settleVerification: (settlement, facts, at) => {
      const plan = RULES.settleVerification(settlement, facts, at)
      return plan && plan.endings.length > 0 ? { ...plan, update: { ...plan.update, dueAt: null } } : plan
    },
  },
  'a hint during a call is forgotten': {
    settleVerification: (settlement, facts, at) =>
      RULES.settleVerification(settlement, facts && { ...facts, nudgedAt: 0 }, at),
  },
  'a hint waits for the due time': {
    nudge: ({ dueAt, claimedAt }, at) => ({
      ...RULES.nudge({ dueAt, claimedAt }, at),
      dueAt: Math.max(dueAt ?? at, at),
    }),
  },
  'holding a message leaves the count of claims': {
    held: ({ claims }) => ({ ...RULES.held({ claims }), claims }),
  },
  'the numbers of events skip one': { nextEvent: newest => newest + (newest === 2 ? 2 : 1) },
  'a 410 of a claim that no longer holds pauses the URL': {
    settleMessage: (settlement, facts, lane) => {
      const plan = RULES.settleMessage(settlement, facts, lane)
      return plan && { ...plan, pauses: settlement.step.gone && settlement.attempt !== null }
    },
  },
  'retention erases what still waits to be sent': {
    mayErase: (row, before) => RULES.mayErase({ ...row, message: null }, before),
  },
}
