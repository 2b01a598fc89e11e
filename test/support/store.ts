import { randomBytes } from 'node:crypto'
import { monotonicFactory } from 'ulid'
import type { AccountChange } from '../../src/core/account.ts'
import type { Answer } from '../../src/core/answer.ts'
import { runBatches } from '../../src/core/batches.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/core/duration.ts'
import { afterAttempt, attemptOriginOf } from '../../src/core/message.ts'
import { newPartner } from '../../src/core/new-partner.ts'
import { Secret } from '../../src/core/secret.ts'
import { afterAnswer } from '../../src/core/verification.ts'
import type { ClaimedAccount } from '../../src/store/accounts/rows.ts'
import type { ClaimedMessage, MessageClaimRequest, MessageSettlement } from '../../src/store/messages/message.ts'
import type { RegistrationQuery } from '../../src/store/registrations/filter.ts'
import type { NewRegistration } from '../../src/store/registrations/registering.ts'
import type { Registration } from '../../src/store/registrations/registration.ts'
import { createPruning } from '../../src/store/retention/retention.ts'
import type { Store } from '../../src/store/store.ts'
import type {
  ClaimedVerification,
  ClaimedVerifications,
  VerificationClaimRequest,
  VerificationSettlement,
} from '../../src/store/verifications/verification.ts'

export interface OpenedStore {
  store: Store
  /** Lets the store's clock go on by this much. */
  advance(ms: number): void | Promise<void>
}
/** `rate`: calls a second of an account that names none. */
export type OpenStore = (options: { rate: number }) => Promise<OpenedStore>

export const HOOK = 'https://partner.example/hook'
const ulid = monotonicFactory()
const newId = (prefix: string) => `${prefix}_${ulid()}`

/** As `POST` hands it to the store. */
export const newRegistration = (more: Partial<NewRegistration> = {}): NewRegistration => ({
  id: newId('reg'),
  partnerId: 'partner_1',
  accountId: 'acc_1',
  idcardid: '16236437872836',
  callbackUrl: HOOK,
  metadata: {},
  expiresAt: null,
  ttlMs: DAY,
  isBatch: false,
  traceparent: null,
  ...more,
})

export const LEASE_MS = 30 * SECOND
export const SUCCESS = {
  kind: 'verdict',
  code: 2,
  verdict: { status: 'SUCCESS', message: '认证成功', livingScore: null, similarity: '95.25' },
} as const satisfies Answer
export const FAIL = {
  kind: 'verdict',
  code: 2,
  verdict: { status: 'FAIL', message: '不是本人', livingScore: '0', similarity: null },
} as const satisfies Answer
export const WAITING: Answer = { kind: 'waiting', code: 2, status: 'ING' }
export const UNREACHABLE: Answer = { kind: 'transient', code: null, cause: 'unreachable' }
/** The defaults of the settings. */
export const POLICY = {
  minMs: 5 * SECOND,
  maxMs: HOUR,
  rampMs: 2 * MINUTE,
  settleMarginMs: 10 * MINUTE,
  notFoundGraceMs: 2 * HOUR,
}
const SCHEDULE_MS = [MINUTE, HOUR]
/** Asks for all that a partner has registered. */
export const EVERY_REGISTRATION: RegistrationQuery = {
  ...{ idcardid: null, status: null, delivery: null },
  ...{ limit: 100, before: null },
}
/** Asks for all of the audit. */
export const EVERY_ACT = { who: null, act: null, object: null, since: null, limit: 100, before: null }
/** A deliverer with nothing in flight, and room for all messages of these tests. */
export const CLAIM_ALL: MessageClaimRequest = {
  concurrency: 400,
  slots: 100,
  perHost: 100,
  prefetch: new Map(),
  busyHosts: new Map(),
  busyPartners: new Map(),
  busySlow: new Map(),
  busyUnproven: new Map(),
  leaseMs: LEASE_MS,
}

export interface Claimed {
  account: ClaimedAccount
  verification: ClaimedVerification
}
/** Each verification of a claim by itself. */
export const claimedOf = ({ claims }: Pick<ClaimedVerifications, 'claims'>): Claimed[] =>
  claims.flatMap(({ account, verifications }) => verifications.map(verification => ({ account, verification })))

/** A store with one account and one partner, and the workers' steps as single calls. */
export const openStoreFixture = async (open: OpenStore, options: { rate: number } = { rate: 1_000 }) => {
  const { store, advance } = await open(options)
  // Fixtures may share a database.
  const addPartner = async (name = newId('named')): Promise<string> => {
    const { partner } = newPartner(name, { newId, random: randomBytes })
    return (await store.createPartner(partner)).id
  }
  /** One after the other: hundreds at once would wait too long for a connection. */
  const addPartners = async (count: number): Promise<string[]> => {
    const ids: string[] = []
    while (ids.length < count) ids.push(await addPartner())
    return ids
  }
  const account = await store.putDefaultAccount({
    id: newId('acc'),
    apiId: 'C12345678',
    apiKey: new Secret('upstream-key'),
    passwordMode: 'dynamic',
  })
  const partnerId = await addPartner()
  let serial = 16236437872836

  const newItem = (more: Partial<NewRegistration> = {}) =>
    newRegistration({ partnerId, accountId: account.id, idcardid: String(serial++), ...more })
  const register = async (more: Partial<NewRegistration> = {}): Promise<Registration> => {
    const [registered] = await store.register([newItem(more)])
    if (registered?.outcome !== 'created') throw new Error(`registered as ${registered?.outcome}`)
    return registered.registration
  }
  const find = async (id: string, owner = partnerId): Promise<Registration> => {
    const registration = await store.findRegistration(owner, id)
    if (!registration) throw new Error(`there is no ${id}`)
    return registration
  }

  const claimWith = (more: Partial<VerificationClaimRequest> = {}) =>
    store.claimVerifications({ busy: new Map(), concurrency: 100, leaseMs: LEASE_MS, ...more })
  const claim = async (more: Partial<VerificationClaimRequest> = {}): Promise<Claimed[]> =>
    claimedOf(await claimWith(more))
  const answered = (
    { account, verification }: Claimed,
    answer: Answer,
    change: AccountChange | null = null,
  ): VerificationSettlement => ({
    id: verification.id,
    claim: verification.claim,
    idcardid: verification.idcardid,
    answer,
    askedAt: store.now(),
    observedAt: store.now(),
    step: afterAnswer(verification, answer, {
      now: store.now(),
      askedAt: store.now(),
      random: 0.5,
      policy: POLICY,
      othersInvalid: false,
    }),
    account: { id: account.id, change },
  })
  /** Polls all due verifications with this answer. */
  const poll = async (answer: Answer): Promise<number> => {
    const claimed = await claim()
    await store.settleVerifications(claimed.map(one => answered(one, answer)))
    return claimed.length
  }
  /** A registration whose verdict is there and whose message is due. */
  const resolve = async (more: Partial<NewRegistration> = {}): Promise<Registration> => {
    const registration = await register(more)
    await poll(SUCCESS)
    return find(registration.id, registration.partnerId)
  }

  /** Erases registrations that ended more than `ms` ago. */
  const prune = (ms: number): Promise<number> => runBatches(createPruning(store.prune, () => store.now() - ms))
  const mend = (limit = 10): Promise<number> => store.mendDueTimes({ pollMs: 5 * MINUTE, retryMs: DAY }, limit)

  const claimMessagesWith = (more: Partial<MessageClaimRequest> = {}) => store.claimMessages({ ...CLAIM_ALL, ...more })
  const claimMessages = async (more: Partial<MessageClaimRequest> = {}) => (await claimMessagesWith(more)).messages
  /** The registrations whose messages are due, which it claims. */
  const claimedIds = async () => (await claimMessages()).map(({ registrationId }) => registrationId)
  /** The result of an attempt: a status, or null after a timeout. */
  const received = (message: ClaimedMessage, httpStatus: number | null): MessageSettlement => {
    const moment = { now: store.now(), random: 0.5, scheduleMs: SCHEDULE_MS }
    const step = afterAttempt(message, { httpStatus, retryAfterMs: null }, moment)
    const kinds = { delivered: 'delivered', exhausted: 'rejected', pending: 'rejected' } as const
    return {
      message,
      step,
      attempt: {
        at: store.now(),
        outcome: httpStatus === null ? 'failed' : step.gone ? 'gone' : kinds[step.state],
        httpStatus,
        error: httpStatus === null ? 'no_response' : null,
        durationMs: 12,
        responseExcerpt: httpStatus === null ? null : 'hello',
        origin: attemptOriginOf(message),
      },
      hostSignal: httpStatus === null ? 'hangs' : 'answers',
    }
  }
  /** Sends all due messages with this response. */
  const deliver = async (httpStatus: number | null, more: Partial<MessageClaimRequest> = {}): Promise<number> => {
    const messages = await claimMessages(more)
    await store.settleMessages(messages.map(message => received(message, httpStatus)))
    return messages.length
  }

  return {
    store,
    advance,
    account,
    partnerId,
    newId,
    addPartner,
    addPartners,
    newRegistration: newItem,
    register,
    find,
    claimWith,
    claim,
    answered,
    poll,
    resolve,
    claimMessagesWith,
    claimMessages,
    claimedIds,
    received,
    deliver,
    prune,
    mend,
    [Symbol.asyncDispose]: () => store.close(),
  }
}

export type StoreFixture = Awaited<ReturnType<typeof openStoreFixture>>

/** The first of them, which has to be there. */
export const first = <Item>(items: readonly Item[]): Item => {
  const [item] = items
  if (item === undefined) throw new Error('there is none')
  return item
}
