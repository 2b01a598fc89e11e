import { accountChange } from '../../../../src/core/account.ts'
import type { Answer } from '../../../../src/core/answer.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../../../src/core/duration.ts'
import { afterAttempt } from '../../../../src/core/message.ts'
import { Secret } from '../../../../src/core/secret.ts'
import { afterAnswer } from '../../../../src/core/verification.ts'
import { exhaustedIn } from '../../../../src/store/bulk/states.ts'
import type { ClaimedMessage, MessageSettlement } from '../../../../src/store/messages/message.ts'
import type { VerificationSettlement } from '../../../../src/store/verifications/verification.ts'
import { CLAIM_ALL, FAIL, LEASE_MS, newRegistration, POLICY, SUCCESS, WAITING } from '../../../support/store.ts'
import { below, type History, oneOf } from './world.ts'

type Step = (history: History) => Promise<unknown>

const ANSWERS: readonly Answer[] = [
  ...new Array<Answer>(6).fill(SUCCESS),
  FAIL,
  FAIL,
  WAITING,
  WAITING,
  { kind: 'unknown_status', code: 2, status: 'success' },
  { kind: 'not_found', code: 4061 },
  { kind: 'not_found', code: 4061 },
  { kind: 'invalid_id', code: 4060 },
  { kind: 'transient', code: null, cause: 'timeout' },
  { kind: 'throttled', code: 4080, retryAfterMs: 5_000 },
  { kind: 'account', code: 405, fault: 'credentials_wrong' },
]
/** Null: the attempt ran into the time limit. */
const STATUSES = [200, 200, 200, 410, 410, 410, 500, 500, 503, null] as const
/** The shorter one is often over before the answer is told. */
const LEASES_MS = [SECOND, LEASE_MS]
const SCHEDULE_MS = [5 * SECOND, MINUTE]

/** Some of them, which leave the list but for those that are to be kept. */
const some = <T>({ random }: History, from: T[], keep = 0): T[] => {
  const taken = from.filter(() => random() < 0.8)
  const left = from.filter(one => !taken.includes(one) || random() < keep)
  from.splice(0, from.length, ...left)
  return taken
}

const newItem = ({ random, ...history }: History) =>
  newRegistration({
    id: history.newId('reg'),
    partnerId: random() < 0.7 ? (history.partnerIds[0] as string) : oneOf(random, history.partnerIds),
    accountId: (random() < 0.8 ? history.accounts[0] : history.accounts[1])?.id as string,
    idcardid: oneOf(random, history.serials),
    callbackUrl: random() < 0.6 ? (history.urls[0] as string) : oneOf(random, history.urls),
    metadata: random() < 0.3 ? { order: String(below(random, 9)) } : {},
    expiresAt: random() < 0.2 ? history.now() + below(random, 2 * HOUR) - HOUR : null,
    ttlMs: oneOf(random, [0, MINUTE, DAY]),
    isBatch: random() < 0.4,
    traceparent: random() < 0.3 ? `00-${'a'.repeat(31)}${below(random, 10)}-${'b'.repeat(16)}-01` : null,
  })

const someRegistration = ({ random, ...history }: History) => {
  const { id, partnerId } =
    history.registrations.length > 0
      ? oneOf(random, history.registrations)
      : { id: 'reg_none', partnerId: history.partnerIds[0] as string }
  return { id, partnerId: random() < 0.1 ? oneOf(random, history.partnerIds) : partnerId }
}

const register: Step = async history => {
  const items = Array.from({ length: 1 + below(history.random, 4) }, () => newItem(history))
  for (const one of await history.store.register(items))
    if (one.outcome === 'created') history.registrations.push(one.registration)
}

const claimVerifications: Step = async history => {
  const { random } = history
  const busy = new Map(random() < 0.2 ? [[history.accounts[0]?.id as string, below(random, 3)]] : [])
  const claim = { busy, concurrency: 1 + below(random, 5), leaseMs: oneOf(random, LEASES_MS) }
  const claimed = await history.store.claimVerifications(claim)
  for (const { account, verifications } of claimed.claims)
    history.asked.push(...verifications.map(verification => ({ account, verification })))
}

const answered = (history: History, { account, verification }: History['asked'][number]): VerificationSettlement => {
  const { random } = history
  const answer = oneOf(random, ANSWERS)
  const [now, othersInvalid] = [history.now(), random() < 0.3]
  const step = afterAnswer(verification, answer, { now, random: random(), policy: POLICY, othersInvalid })
  const outageSince = random() < 0.3 ? now - below(random, HOUR) : null
  const { invalidIds } = step
  const moment = { now, random: random(), othersInvalid, mostlyUnknown: false, invalidIds, outageSince }
  const change = accountChange(account, answer, moment)
  const { id, claim, idcardid } = verification
  return { id, claim, idcardid, answer, askedAt: now, observedAt: now, step, account: { id: account.id, change } }
}

const settleVerifications: Step = async history => {
  if (history.asked.length === 0) await claimVerifications(history)
  const fresh = some(history, history.asked, 0.3).map(one => answered(history, one))
  const again = history.random() < 0.4 ? some(history, history.settledAnswers) : []
  const settlements = [...again, ...fresh, ...(history.random() < 0.1 ? fresh : [])]
  await history.store.settleVerifications(settlements)
  history.settledAnswers.push(...fresh)
}

const claimMessages: Step = async ({ random, store, partnerIds, sent }) => {
  const claim = {
    concurrency: 1 + below(random, 12),
    slots: random() < 0.1 ? 0 : 1 + below(random, 5),
    perHost: 1 + below(random, 3),
    prefetch: new Map(random() < 0.2 ? [['b.example', 2]] : []),
    busyHosts: new Map(random() < 0.15 ? [['a.example', below(random, 3)]] : []),
    busyPartners: new Map(random() < 0.1 ? [[partnerIds[0] as string, below(random, 3)]] : []),
    busySlow: new Map(random() < 0.3 ? [[0, below(random, 3)]] : []),
    busyUnproven: new Map(random() < 0.3 ? [[oneOf(random, partnerIds), below(random, 3)]] : []),
    leaseMs: oneOf(random, LEASES_MS),
  }
  sent.push(...(await store.claimMessages(claim)).messages)
}

const attempted = (history: History, message: ClaimedMessage, given: 200 | 500 | null = null): MessageSettlement => {
  const { random } = history
  const now = history.now()
  if (given === null && random() < 0.08) {
    const step = { state: 'pending' as const, dueAt: now, retries: message.retries, gone: false }
    return { message, step, attempt: null, hostSignal: null }
  }
  const httpStatus = given ?? oneOf(random, STATUSES)
  const outcome = { httpStatus, retryAfterMs: random() < 0.5 ? 2 * SECOND : null }
  const step = afterAttempt(message, outcome, { now, random: random(), scheduleMs: SCHEDULE_MS })
  const kind = httpStatus === null ? 'failed' : step.gone ? 'gone' : httpStatus === 200 ? 'delivered' : 'rejected'
  const excerpt = httpStatus === null ? null : 'hello'
  const attempt = { at: now, outcome: kind, httpStatus, error: null, durationMs: 12, responseExcerpt: excerpt } as const
  return { message, step, attempt, hostSignal: httpStatus === null ? 'hangs' : 'answers' }
}

const settleMessages: Step = async history => {
  if (history.sent.length === 0) await claimMessages(history)
  const fresh = some(history, history.sent, 0.2).map(one => attempted(history, one))
  const again = history.random() < 0.4 ? some(history, history.settledAttempts) : []
  const settlements = [...again, ...fresh, ...(history.random() < 0.1 ? fresh : [])]
  await history.store.settleMessages(settlements)
  history.settledAttempts.push(...fresh)
}

/** A URL that fails for days: ten attempts and more, each some hours after the other. Often the last one is answered well. */
const keepFailing: Step = async history => {
  const { id, partnerId } = someRegistration(history)
  const ends = history.random() < 0.5
  for (let n = 0; n < 11; n++) {
    if ((await history.store.resend(partnerId, id)) !== 'resent') return
    const { messages } = await history.store.claimMessages(CLAIM_ALL)
    const settlements = messages.map(message => attempted(history, message, ends && n === 10 ? 200 : 500))
    await history.store.settleMessages(settlements)
    history.tick(12 * HOUR + below(history.random, HOUR))
  }
}
const enableCallback: Step = async history => {
  const { random } = history
  // Mostly one that answered 410: otherwise hardly any of the URLs drawn is on hold.
  const gone = random() < 0.7 ? history.settledAttempts.findLast(({ step }) => step.gone)?.message : undefined
  const { partnerId, callbackUrl } = gone ?? {
    partnerId: oneOf(random, history.partnerIds),
    callbackUrl: oneOf(random, history.urls),
  }
  await history.store.enableCallback({ partnerId, callbackUrl }, oneOf(random, ['test', 'operator']))
}

const claimCallbackNotices: Step = async ({ random, store }) => {
  for (const { partnerId, callbackUrl } of await store.claimCallbackNotices(1 + below(random, 2)))
    if (random() < 0.3) await store.endCallbackNotice({ partnerId, callbackUrl })
}

const actOn =
  (verb: 'cancel' | 'nudge' | 'resend'): Step =>
  async history => {
    const { id, partnerId } = someRegistration(history)
    await history.store[verb](partnerId, id)
  }
const [cancel, nudge, resend] = [actOn('cancel'), actOn('nudge'), actOn('resend')]

const startBulkAct: Step = async history => {
  const { random } = history
  const id = history.newId('bulk')
  history.bulkIds.push(id)
  const createdAt = history.now()
  const until = createdAt - (random() < 0.3 ? below(random, HOUR) : 0)
  const partnerId = history.partnerIds[0] as string
  const meant = exhaustedIn(partnerId, { since: until - below(random, DAY), until })
  const counted = await history.store.countRegistrations(meant)
  const by = { partnerId, who: partnerId, name: '', reason: 'why', createdAt }
  await history.store.createBulkAct({ id, ...meant, ...by, counted })
  await history.store.startBulkAct(id)
}
const mendDueTimes: Step = ({ store }) => store.mendDueTimes({ pollMs: MINUTE, retryMs: HOUR }, 1_000)
const continueBulkActs: Step = ({ random, store }) => store.continueBulkActs(1 + below(random, 3))

const moveClock: Step = async ({ random, tick }) => {
  const far = oneOf(random, [SECOND, 6 * SECOND, LEASE_MS, 2 * MINUTE, HOUR, 26 * HOUR])
  tick(random() < 0.2 ? -below(random, Math.min(far, HOUR)) : 1 + below(random, far))
}

const changePartner: Step = ({ random, store, partnerIds }) => {
  const change = { disabled: random() < 0.3, payload: oneOf(random, ['full', 'thin'] as const) }
  return store.changePartner(oneOf(random, partnerIds), change)
}
const changeAccount: Step = ({ random, store, accounts }) =>
  store[random() < 0.4 ? 'pauseAccount' : 'resumeAccount'](oneOf(random, accounts).id)
const changeSecrets: Step = async ({ random, store, partnerIds, newId }) => {
  const partnerId = oneOf(random, partnerIds)
  const secret = { id: newId('secret'), type: 'v1' as const, text: new Secret('whsec_bmV3') }
  if (random() < 0.6) await store.rotateSigningSecret(partnerId, secret, below(random, HOUR))
  const secrets = await store.listSigningSecrets(partnerId)
  if (random() < 0.4 && secrets.length > 0) await store.endSigningSecret(partnerId, oneOf(random, secrets).id)
}
const prune: Step = ({ random, store, now }) => store.prune(now() - below(random, HOUR), 1 + below(random, 4), null)

/** Several writes in one turn of the event loop, which SQLite commits together. */
const together: Step = async history => {
  const steps = Array.from({ length: 3 }, () => oneOf(history.random, [register, cancel, nudge, resend]))
  if (history.world.inTurn) await Promise.all(steps.map(step => step(history)))
  else for (const step of steps) await step(history)
}

/** Every kind of step, and how often it is drawn. */
const KINDS = {
  register: [register, 4],
  claimVerifications: [claimVerifications, 3],
  settleVerifications: [settleVerifications, 7],
  claimMessages: [claimMessages, 3],
  settleMessages: [settleMessages, 7],
  moveClock: [moveClock, 7],
  keepFailing: [keepFailing, 1],
  enableCallback: [enableCallback, 2],
  claimCallbackNotices: [claimCallbackNotices, 2],
  cancel: [cancel, 2],
  nudge: [nudge, 2],
  resend: [resend, 3],
  startBulkAct: [startBulkAct, 1],
  continueBulkActs: [continueBulkActs, 2],
  mendDueTimes: [mendDueTimes, 2],
  changePartner: [changePartner, 1],
  changeAccount: [changeAccount, 1],
  changeSecrets: [changeSecrets, 1],
  prune: [prune, 2],
  together: [together, 2],
} satisfies Record<string, [Step, number]>
export type Verb = keyof typeof KINDS
export const VERBS = (Object.keys(KINDS) as Verb[]).flatMap(verb => new Array<Verb>(KINDS[verb][1]).fill(verb))
export const run = (verb: Verb, history: History): Promise<unknown> => KINDS[verb][0](history)
