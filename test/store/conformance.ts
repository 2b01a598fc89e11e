import { describe } from 'vitest'
import type { OpenStore } from '../support/store.ts'
import { describeAccounts } from './conformance/accounts.ts'
import { describeAlerts } from './conformance/alerts.ts'
import { describeAnswers } from './conformance/answers.ts'
import { describeBulkActs } from './conformance/bulk-acts.ts'
import { describeCancelling } from './conformance/cancelling.ts'
import { describeCatchingUp } from './conformance/catching-up.ts'
import { describeClockSteps } from './conformance/clock-steps.ts'
import { describeCompletions } from './conformance/completions.ts'
import { describeContacts } from './conformance/contacts.ts'
import { describeDelivering } from './conformance/delivering.ts'
import { describeEvents } from './conformance/events.ts'
import { describeFailingCallbacks } from './conformance/failing-callbacks.ts'
import { describeFencing } from './conformance/fencing.ts'
import { describeGoneCallbacks } from './conformance/gone-callbacks.ts'
import { describeHandles, type OpenTwo } from './conformance/handles.ts'
import { describeHistory } from './conformance/history.ts'
import { describeHolding } from './conformance/holding.ts'
import { describeLanes } from './conformance/lanes.ts'
import { describeNodes } from './conformance/nodes.ts'
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
import { type StoreTest, storeTest } from './support/store-test.ts'

/** What a store promises, by the parts of `store.ts`. */
const PARTS = {
  registering: describeRegistering,
  polling: describePolling,
  answers: describeAnswers,
  'a clock that was set back': describeClockSteps,
  'poll order': describePollQueues,
  accounts: describeAccounts,
  completions: describeCompletions,
  delivering: describeDelivering,
  holding: describeHolding,
  lanes: describeLanes,
  'a URL that answered 410': describeGoneCallbacks,
  'a URL that fails': describeFailingCallbacks,
  'the contact of a partner': describeContacts,
  'catching up': describeCatchingUp,
  'order and bounds': describeOrdering,
  repeating: describeRepeating,
  fencing: describeFencing,
  cancelling: describeCancelling,
  events: describeEvents,
  reading: describeQueries,
  partners: describePartners,
  searching: describeSearching,
  'a bulk act': describeBulkActs,
  operators: describeOperators,
  'signing secrets': describeSecrets,
  stats: describeStats,
  history: describeHistory,
  alerts: describeAlerts,
  nodes: describeNodes,
  retention: describeRetention,
  upkeep: describeUpkeep,
} as const satisfies Record<string, (test: StoreTest) => void>

/** What every store promises; the promises are the comments of `store.ts`. */
export const describeStore = (name: string, open: OpenStore): void => {
  describe(name, () => {
    const test = storeTest(open)
    for (const [part, describePart] of Object.entries(PARTS)) describe(part, () => describePart(test))
  })
}

/** What every store promises that several nodes can open at once. */
export const describeSharedStore = (name: string, open: OpenTwo): void => {
  describe(name, () => describeHandles(open))
}
