import { expect, test } from 'vitest'
import type { ClaimedMessage, Store, VerificationOutcome } from '../../src/store/store.ts'
import { runAtOnce } from './support/model/at-once.ts'
import type { OpenEngine } from './support/model/engine.ts'
import { openSqliteEngine } from './support/model/sqlite-engine.ts'

test('two handles that are called at the same time leave nothing that does not fit together', { timeout: 60_000 }, () =>
  runAtOnce(openSqliteEngine, 200),
)

/** What a handle answers that does not keep to the contract. */
const FAULTS: Readonly<Record<string, { of: (store: Store) => Partial<Store>; found: RegExp }>> = {
  'a claim is told twice': {
    of: store => {
      const told: ClaimedMessage[] = []
      const claimMessages: Store['claimMessages'] = async claim => {
        const answer = await store.claimMessages(claim)
        told.push(...answer.messages)
        return { ...answer, messages: told.slice(0, claim.slots) }
      }
      return { claimMessages }
    },
    found: /told twice: claim/,
  },
  'the end of a registration is told twice': {
    of: store => {
      const told: VerificationOutcome[] = []
      const settleVerifications: Store['settleVerifications'] = async settlements => {
        const outcomes = await store.settleVerifications(settlements)
        told.push(...outcomes.filter(outcome => outcome !== null))
        return outcomes.map((outcome, i) => outcome ?? told[i] ?? null)
      }
      return { settleVerifications }
    },
    found: /told twice: the end/,
  },
  'a reader of events is told to go on behind one that it has not seen': {
    of: store => ({
      listEvents: async (partnerId, query) => {
        const page = await store.listEvents(partnerId, query)
        return page.outcome === 'page' ? { ...page, events: page.events.slice(1) } : page
      },
    }),
    found: /has not read/,
  },
}

test.each(Object.entries(FAULTS))('what is found of calls at the same time: %s', async (_, { of, found }) => {
  const openFaulty: OpenEngine = async options => {
    const engine = await openSqliteEngine(options)
    const [one, other] = engine.handles
    return { ...engine, handles: [one, { ...other, ...of(other) }] }
  }
  await expect(runAtOnce(openFaulty, 50)).rejects.toThrow(found)
})
