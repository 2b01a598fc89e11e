import { describe } from 'vitest'
import type { OpenStore } from '../support/store.ts'
import { describeAccounts } from './conformance/accounts.ts'
import { describeAnswers } from './conformance/answers.ts'
import { describeBulkActs } from './conformance/bulk-acts.ts'
import { describeBulkResending } from './conformance/bulk-resending.ts'
import { describeCallbackNotices } from './conformance/callback-notices.ts'
import { describeCallbackPauses } from './conformance/callback-pauses.ts'
import { describeCancelling } from './conformance/cancelling.ts'
import { describeCatchingUp } from './conformance/catching-up.ts'
import { describeClockSteps } from './conformance/clock-steps.ts'
import { describeCompletions } from './conformance/completions.ts'
import { describeDelivering } from './conformance/delivering.ts'
import { describeEvents } from './conformance/events.ts'
import { describeFailingCallbacks } from './conformance/failing-callbacks.ts'
import { describeFencing } from './conformance/fencing.ts'
import { describeHandles, type OpenTwo } from './conformance/handles.ts'
import { describeHistory } from './conformance/history.ts'
import { describeHolding } from './conformance/holding.ts'
import { describeLanes } from './conformance/lanes.ts'
import { describeOperatorEvents } from './conformance/operator-events.ts'
import { describeOperators } from './conformance/operators.ts'
import { describeOrdering } from './conformance/ordering.ts'
import { describePartners } from './conformance/partners.ts'
import { describePollQueues } from './conformance/poll-queues.ts'
import { describePolling } from './conformance/polling.ts'
import { describeQueries } from './conformance/queries.ts'
import { describeRegistering } from './conformance/registering.ts'
import { describeRepeating } from './conformance/repeating.ts'
import { describeSearching } from './conformance/searching.ts'
import { describeSecrets } from './conformance/secrets.ts'
import { describeStats } from './conformance/stats.ts'
import { describeRetention, describeUpkeep } from './conformance/upkeep.ts'

/** What every store promises; the promises are the comments of `store.ts`. */
export const describeStore = (name: string, open: OpenStore): void => {
  describe(name, () => {
    describe('registering', () => describeRegistering(open))
    describe('polling', () => describePolling(open))
    describe('what was answered', () => describeAnswers(open))
    describe('a clock that was set back', () => describeClockSteps(open))
    describe('who is asked first', () => describePollQueues(open))
    describe('accounts', () => describeAccounts(open))
    describe('completions', () => describeCompletions(open))
    describe('delivering', () => describeDelivering(open))
    describe('holding', () => describeHolding(open))
    describe('lanes', () => describeLanes(open))
    describe('a URL that answered 410', () => describeCallbackPauses(open))
    describe('a URL that fails', () => describeFailingCallbacks(open))
    describe('the notice of a disabled URL', () => describeCallbackNotices(open))
    describe('catching up', () => describeCatchingUp(open))
    describe('a bulk resend', () => describeBulkResending(open))
    describe('order and bounds', () => describeOrdering(open))
    describe('repeating', () => describeRepeating(open))
    describe('fencing', () => describeFencing(open))
    describe('cancelling', () => describeCancelling(open))
    describe('events', () => describeEvents(open))
    describe('reading', () => describeQueries(open))
    describe('partners', () => describePartners(open))
    describe('searching', () => describeSearching(open))
    describe('a bulk act', () => describeBulkActs(open))
    describe('operators', () => describeOperators(open))
    describe('signing secrets', () => describeSecrets(open))
    describe('stats', () => describeStats(open))
    describe('history', () => describeHistory(open))
    describe('what operators are told', () => describeOperatorEvents(open))
    describe('retention', () => describeRetention(open))
    describe('upkeep', () => describeUpkeep(open))
  })
}

/** What every store promises that several nodes can open at once. */
export const describeSharedStore = (name: string, open: OpenTwo): void => {
  describe(name, () => describeHandles(open))
}
