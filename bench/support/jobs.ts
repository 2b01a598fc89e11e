import { randomBytes } from 'node:crypto'
import { monotonicFactory } from 'ulid'
import { SECOND } from '../../src/core/duration.ts'
import { newPartner } from '../../src/core/new-partner.ts'
import { Secret } from '../../src/core/secret.ts'
import type { Store } from '../../src/store/store.ts'
import type { ClaimedVerification } from '../../src/store/verifications/verification.ts'
import { newRegistration } from '../../test/support/store.ts'

/** Upstream's, of every benchmark. */
export const ACCOUNT = { apiId: 'bench-account', apiKey: 'bench-upstream-key' }
const BATCH = 500
const LEASE_MS = 25 * SECOND

const ulid = monotonicFactory()
const newId = (prefix: string) => `${prefix}_${ulid()}`

/** Resolves with its id. */
export const addPartner = async (store: Store, name = 'bench'): Promise<string> =>
  (await store.createPartner(newPartner(name, { newId, random: randomBytes }).partner)).id

/** Resolves with its id. */
export const addAccount = async (store: Store): Promise<string> => {
  const credentials = { apiId: ACCOUNT.apiId, apiKey: new Secret(ACCOUNT.apiKey), passwordMode: 'dynamic' } as const
  return (await store.putDefaultAccount({ id: newId('acc'), ...credentials })).id
}

export const serialAt = (index: number): string => String(16236437000000 + index)

/** Adds a partner with `count` due polls, with the URLs in turn; `afterBatch` is called after each batch of them. */
export const addPolls = async (
  store: Store,
  { count, urls }: { count: number; urls: readonly string[] },
  afterBatch: () => Promise<void> = async () => {},
): Promise<void> => {
  const owner = { partnerId: await addPartner(store), accountId: await addAccount(store) }
  for (let done = 0; done < count; done += BATCH) {
    const indexes = Array.from({ length: Math.min(BATCH, count - done) }, (_, at) => done + at)
    await store.register(
      indexes.map(index =>
        newRegistration({ ...owner, idcardid: serialAt(index), callbackUrl: urls[index % urls.length] ?? '' }),
      ),
    )
    await afterBatch()
  }
}

/** Adds `count` due first deliveries as they arise: registered, claimed, and settled with a verdict. */
export const addDeliveries = (store: Store, load: { count: number; urls: readonly string[] }): Promise<void> =>
  addPolls(store, load, async () => {
    for (;;) {
      const polls = await claimPolls(store, BATCH)
      if (polls.length === 0) return
      await settleWithVerdict(store, polls)
    }
  })

export type ClaimedPoll = ClaimedVerification & { accountId: string }

export const claimPolls = async (store: Store, most: number): Promise<ClaimedPoll[]> => {
  const { claims } = await store.claimVerifications({ busy: new Map(), concurrency: most, leaseMs: LEASE_MS })
  return claims.flatMap(({ account, verifications }) => verifications.map(one => ({ ...one, accountId: account.id })))
}

const WAITING = { kind: 'waiting', code: 2, status: 'ING' } as const
const SUCCESS = {
  kind: 'verdict',
  code: 2,
  verdict: { status: 'SUCCESS', message: '认证成功', livingScore: null, similarity: '100' },
} as const

const settlementOf = ({ id, claim, idcardid, accountId }: ClaimedPoll, at: number) => ({
  ...{ id, claim, idcardid, askedAt: at, observedAt: at, account: { id: accountId, change: null } },
})
const CALM = { failures: 0, failingSince: null, invalidIds: 0, goneChecks: 0, seen: true, ended: [] }

/** Makes the message of each due. */
export const settleWithVerdict = (store: Store, polls: readonly ClaimedPoll[]) =>
  store.settleVerifications(
    polls.map(poll => ({
      ...settlementOf(poll, store.now()),
      answer: SUCCESS,
      step: { ...CALM, dueAt: null, verdict: SUCCESS.verdict },
    })),
  )

export const settleAsOpen = (store: Store, polls: readonly ClaimedPoll[], dueAt: () => number) =>
  store.settleVerifications(
    polls.map(poll => ({
      ...settlementOf(poll, store.now()),
      answer: WAITING,
      step: { ...CALM, dueAt: dueAt(), verdict: null },
    })),
  )
