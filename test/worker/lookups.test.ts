import { expect, test } from 'vitest'
import type { Answer } from '../../src/core/answer.ts'
import { HOUR, MINUTE, SECOND } from '../../src/core/duration.ts'
import type { ClaimedVerification } from '../../src/store/store.ts'
import { createPoller } from '../../src/worker/poller.ts'
import { ACCOUNT } from '../support/claimed-account.ts'

const NOW = Date.parse('2026-11-24T16:20:00.000Z')
const POLICY = { minMs: SECOND, maxMs: MINUTE, rampMs: MINUTE, settleMarginMs: 0, notFoundGraceMs: HOUR }
const NOT_FOUND: Answer = { kind: 'not_found', code: 4061 }
const WAITING: Answer = { kind: 'waiting', code: 2, status: 'ING' }
const UNREACHABLE: Answer = { kind: 'transient', code: null, cause: 'unreachable' }

/** What a partner's conduct is told of one poll. */
const lookupsOf = async (answer: Answer, more: Partial<ClaimedVerification>) => {
  const lookups: boolean[] = []
  const verification: ClaimedVerification = {
    id: 1,
    claim: 1,
    partnerId: 'partner_1',
    idcardid: '1',
    dueAt: NOW,
    polls: 0,
    nudgedAt: NOW,
    lastPolledAt: null,
    failures: 0,
    invalidIds: 0,
    goneChecks: 0,
    seen: false,
    waiting: [{ id: 'reg_1', createdAt: NOW, expiresAt: NOW + HOUR }],
    ...more,
  }
  const claims = [{ account: ACCOUNT, verifications: [verification] }]
  const { promise: settled, resolve } = Promise.withResolvers<void>()
  const poller = createPoller({
    store: {
      now: () => NOW,
      claimVerifications: async () => ({ claims: claims.splice(0), nextAt: null }),
      settleVerifications: async () => resolve(),
    },
    upstream: { ask: async () => answer },
    sandbox: null,
    policy: POLICY,
    plan: null,
    concurrency: 4,
    timeoutMs: SECOND,
    random: () => 0,
    onLookup: (_, isNotFound) => lookups.push(isNotFound),
    emit: () => {},
  })
  poller.ring()
  await settled
  await poller.stop()
  return lookups
}

test.each<[string, Answer, Partial<ClaimedVerification>, boolean[]]>([
  ['not at all while a new serial may not be visible yet', NOT_FOUND, { polls: 0 }, []],
  ['as unknown at the third poll', NOT_FOUND, { polls: 2 }, [true]],
  ['as unknown only once', NOT_FOUND, { polls: 3 }, []],
  [
    'as unknown where it is given up before',
    NOT_FOUND,
    { waiting: [{ id: 'r', createdAt: 0, expiresAt: NOW + 1 }] },
    [true],
  ],
  ['as known when upstream shows it first', WAITING, { polls: 5 }, [false]],
  ['as known only once', WAITING, { polls: 6, seen: true }, []],
  ['not at all by a call that says nothing', UNREACHABLE, { polls: 2 }, []],
])('a serial counts %s', async (_, answer, more, expected) => {
  expect(await lookupsOf(answer, more)).toEqual(expected)
})
