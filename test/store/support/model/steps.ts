import { accountChange, isProbed } from '../../../../src/core/account.ts'
import type { Answer } from '../../../../src/core/answer.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../../../src/core/duration.ts'
import { afterAttempt } from '../../../../src/core/message.ts'
import { Secret } from '../../../../src/core/secret.ts'
import { afterAnswer } from '../../../../src/core/verification.ts'
import { exhaustedIn } from '../../../../src/store/rules/bulk-act.ts'
import type {
  ClaimedMessage,
  MessageSettlement,
  NewRegistration,
  Store,
  VerificationSettlement,
} from '../../../../src/store/store.ts'
import { FAIL, LEASE_MS, POLICY, SUCCESS, WAITING } from '../../../support/store.ts'
import { Difference } from './pair.ts'
import { below, type History, oneOf } from './world.ts'

type Step = (history: History, tick: (ms: number) => void) => Promise<unknown>

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

const NO_LIMITS = {
  ...{ slots: 100, unsureSlots: 100, perHost: 100, prefetch: new Map(), perPartner: 100 },
  ...{ busyHosts: new Map(), busyPartners: new Map(), slow: { slots: 100, first: 0, busyLanes: new Map() } },
  unproven: { slots: 100, first: 0, perPartner: 100, busyPartners: new Map() },
}

/** Some of them, which leave the list but for those that are to be kept. */
const take = <T>({ random }: History, from: T[], keep = 0): T[] => {
  const taken = from.filter(() => random() < 0.8)
  const left = from.filter(one => !taken.includes(one) || random() < keep)
  from.splice(0, from.length, ...left)
  return taken
}

const newItem = ({ random, ...history }: History): NewRegistration => ({
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

const call = async <T>({ pair, handle }: History, what: string, verb: (store: Store) => Promise<T>): Promise<T> =>
  pair.both(handle, what, verb)

const register: Step = async history => {
  const items = Array.from({ length: 1 + below(history.random, 4) }, () => newItem(history))
  // A batch that fails as a whole, since an id is there already.
  const known = history.registrations[0]
  if (known && history.random() < 0.05) items.push({ ...newItem(history), id: known.id })
  const registered = await call(history, 'register', store => store.register(items)).catch((error: unknown) => {
    if (error instanceof Difference) throw error
    return []
  })
  for (const one of registered) if (one.outcome === 'created') history.registrations.push(one.registration)
}

const claimVerifications: Step = async history => {
  const { random } = history
  const busy = new Map(random() < 0.2 ? [[history.accounts[0]?.id as string, below(random, 3)]] : [])
  const claim = { busy, concurrency: 1 + below(random, 5), leaseMs: oneOf(random, LEASES_MS) }
  const claimed = await call(history, 'claimVerifications', store => store.claimVerifications(claim))
  for (const { account, verifications } of claimed.claims)
    history.asked.push(...verifications.map(verification => ({ account, verification })))
}

const answered = (history: History, { account, verification }: History['asked'][number]): VerificationSettlement => {
  const { random } = history
  const answer = oneOf(random, ANSWERS)
  const [now, othersInvalid] = [history.now(), random() < 0.3]
  const step = afterAnswer(verification, answer, { now, random: random(), policy: POLICY, othersInvalid })
  const outageSince = random() < 0.3 ? now - below(random, HOUR) : null
  const moment = {
    now,
    random: random(),
    othersInvalid,
    mostlyUnknown: false,
    invalidIds: step.invalidIds,
    outageSince,
  }
  const change = random() < 0.05 ? ({ kind: 'unasked' } as const) : accountChange(account, answer, moment)
  const { id, claim, idcardid } = verification
  return { id, claim, idcardid, answer, askedAt: now, observedAt: now, step, account: { id: account.id, change } }
}

const settleVerifications: Step = async (history, tick) => {
  if (history.asked.length === 0) await claimVerifications(history, tick)
  const fresh = take(history, history.asked, 0.3).map(one => answered(history, one))
  const again = history.random() < 0.4 ? take(history, history.toldAnswers) : []
  const settlements = [...again, ...fresh, ...(history.random() < 0.1 ? fresh : [])]
  await call(history, 'settleVerifications', store => store.settleVerifications(settlements))
  history.toldAnswers.push(...fresh)
}

const releaseVerifications: Step = async (history, tick) => {
  if (history.asked.length === 0) await claimVerifications(history, tick)
  const fresh = take(history, history.asked, 0.2).map(({ account, verification: { id, claim, dueAt } }) => ({
    id,
    claim,
    dueAt,
    canaryOf: isProbed(account) ? account.id : null,
  }))
  const releases = history.random() < 0.2 ? [...fresh, ...fresh] : fresh
  await call(history, 'releaseVerifications', store => store.releaseVerifications(releases))
}

const claimMessages: Step = async history => {
  const { random } = history
  const hosts = random() < 0.15 ? new Map([['a.example', below(random, 3)]]) : new Map()
  const partners = random() < 0.1 ? new Map([[history.partnerIds[0] as string, below(random, 3)]]) : new Map()
  const claim = {
    slots: random() < 0.1 ? 0 : 1 + below(random, 5),
    unsureSlots: random() < 0.1 ? 0 : 1 + below(random, 4),
    perHost: 1 + below(random, 3),
    prefetch: random() < 0.2 ? new Map([['b.example', 2]]) : new Map(),
    perPartner: 1 + below(random, 5),
    busyHosts: hosts,
    busyPartners: partners,
    slow: { slots: below(random, 3), first: below(random, 2), busyLanes: new Map() },
    unproven: {
      slots: random() < 0.1 ? 0 : 1 + below(random, 4),
      first: below(random, 3),
      perPartner: 1 + below(random, 3),
      busyPartners: new Map(),
    },
    leaseMs: oneOf(random, LEASES_MS),
  }
  const claimed = await call(history, 'claimMessages', store => store.claimMessages(claim))
  history.sent.push(...claimed.messages)
}

const attempted = (history: History, message: ClaimedMessage, given: 200 | 500 | null = null): MessageSettlement => {
  const { random } = history
  const now = history.now()
  if (given === null && random() < 0.08) {
    const step = { state: 'pending' as const, dueAt: now, retries: message.retries, gone: false }
    return { message, step, attempt: null, shows: null }
  }
  const httpStatus = given ?? oneOf(random, STATUSES)
  const outcome = { httpStatus, retryAfterMs: random() < 0.5 ? 2 * SECOND : null }
  const step = afterAttempt(message, outcome, { now, random: random(), scheduleMs: SCHEDULE_MS })
  const kind = httpStatus === null ? 'failed' : step.gone ? 'gone' : httpStatus === 200 ? 'delivered' : 'rejected'
  const excerpt = httpStatus === null ? null : 'hello'
  const attempt = { at: now, outcome: kind, httpStatus, error: null, durationMs: 12, responseExcerpt: excerpt } as const
  return { message, step, attempt, shows: httpStatus === null ? 'hangs' : 'answers' }
}

const settleMessages: Step = async (history, tick) => {
  if (history.sent.length === 0) await claimMessages(history, tick)
  const fresh = take(history, history.sent, 0.2).map(one => attempted(history, one))
  const again = history.random() < 0.4 ? take(history, history.toldAttempts) : []
  const settlements = [...again, ...fresh, ...(history.random() < 0.1 ? fresh : [])]
  await call(history, 'settleMessages', store => store.settleMessages(settlements))
  history.toldAttempts.push(...fresh)
}

/** A URL that fails for days: ten attempts and more, each some hours after the other. Often the last one is answered well. */
const keepFailing: Step = async (history, tick) => {
  const { id, partnerId } = someRegistration(history)
  const ends = history.random() < 0.5
  for (let n = 0; n < 11; n++) {
    if ((await call(history, 'resend', store => store.resend(partnerId, id))) !== 'resent') return
    const claim = { ...NO_LIMITS, leaseMs: LEASE_MS }
    const { messages } = await call(history, 'claimMessages', store => store.claimMessages(claim))
    const settlements = messages.map(message => attempted(history, message, ends && n === 10 ? 200 : 500))
    await call(history, 'settleMessages', store => store.settleMessages(settlements))
    tick(12 * HOUR + below(history.random, HOUR))
  }
}
const enableCallback: Step = async history => {
  const { random } = history
  // Mostly one that answered 410: otherwise hardly any of the URLs drawn is on hold.
  const told = random() < 0.7 ? history.toldAttempts.findLast(({ step }) => step.gone)?.message : undefined
  const { partnerId, callbackUrl } = told ?? {
    partnerId: oneOf(random, history.partnerIds),
    callbackUrl: oneOf(random, history.urls),
  }
  const end = oneOf(random, ['test', 'operator'] as const)
  await call(history, 'enableCallback', store => store.enableCallback({ partnerId, callbackUrl }, end))
}

const claimCallbackNotices: Step = async history => {
  const limit = 1 + below(history.random, 2)
  const notices = await call(history, 'claimCallbackNotices', store => store.claimCallbackNotices(limit))
  for (const { partnerId, callbackUrl } of notices)
    if (history.random() < 0.3)
      await call(history, 'endCallbackNotice', store => store.endCallbackNotice({ partnerId, callbackUrl }))
}

const cancel: Step = async history => {
  const { id, partnerId } = someRegistration(history)
  await call(history, 'cancel', store => store.cancel(partnerId, id))
}
const nudge: Step = async history => {
  const { id, partnerId } = someRegistration(history)
  await call(history, 'nudge', store => store.nudge(partnerId, id))
}
const resend: Step = async history => {
  const { id, partnerId } = someRegistration(history)
  await call(history, 'resend', store => store.resend(partnerId, id))
}

const startBulkAct: Step = async history => {
  const { random } = history
  const id = history.newId('bulk')
  history.bulkIds.push(id)
  const createdAt = history.now()
  const until = createdAt - (random() < 0.3 ? below(random, HOUR) : 0)
  const partnerId = history.partnerIds[0] as string
  const meant = exhaustedIn(partnerId, { since: until - below(random, DAY), until })
  const counted = await call(history, 'countRegistrations', store => store.countRegistrations(meant, true))
  const by = { partnerId, who: partnerId, name: '', reason: 'why', createdAt }
  await call(history, 'createBulkAct', store => store.createBulkAct({ id, ...meant, ...by, counted }))
  await call(history, 'startBulkAct', store => store.startBulkAct(id))
}
const mendDueTimes: Step = async history => {
  await call(history, 'mendDueTimes', store => store.mendDueTimes({ pollMs: MINUTE, retryMs: HOUR }, 1_000))
}
const continueBulkActs: Step = async history => {
  const limit = 1 + below(history.random, 3)
  await call(history, 'continueBulkActs', store => store.continueBulkActs(limit))
}

const moveClock: Step = async ({ random }, tick) => {
  const far = oneOf(random, [SECOND, 6 * SECOND, LEASE_MS, 2 * MINUTE, HOUR, 26 * HOUR])
  tick(random() < 0.2 ? -below(random, Math.min(far, HOUR)) : 1 + below(random, far))
}

const changePartner: Step = async history => {
  const { random } = history
  const id = oneOf(random, history.partnerIds)
  const change = { disabled: random() < 0.3, payload: oneOf(random, ['full', 'thin'] as const) }
  await call(history, 'changePartner', store => store.changePartner(id, change))
}
const changeAccount: Step = async history => {
  const { id } = oneOf(history.random, history.accounts)
  if (history.random() < 0.4) await call(history, 'pauseAccount', store => store.pauseAccount(id))
  else await call(history, 'resumeAccount', store => store.resumeAccount(id))
}
const rotateSecret: Step = async history => {
  const [partnerId, overlapMs] = [oneOf(history.random, history.partnerIds), below(history.random, HOUR)]
  const secret = { id: history.newId('s'), type: 'v1' as const, text: new Secret('whsec_bmV3') }
  await call(history, 'rotateSigningSecret', store => store.rotateSigningSecret(partnerId, secret, overlapMs))
}
const endSecret: Step = async history => {
  const partnerId = oneOf(history.random, history.partnerIds)
  const secrets = await call(history, 'listSigningSecrets', store => store.listSigningSecrets(partnerId))
  if (secrets.length === 0) return
  const { id } = oneOf(history.random, secrets)
  await call(history, 'endSigningSecret', store => store.endSigningSecret(partnerId, id))
}
const changeSecrets: Step = (history, tick) => (history.random() < 0.6 ? rotateSecret : endSecret)(history, tick)
const prune: Step = async history => {
  const before = history.now() - below(history.random, HOUR)
  const limit = 1 + below(history.random, 4)
  await call(history, 'prune', store => store.prune(before, limit))
}

/** Several writes in one turn of the event loop, which SQLite commits together and, where one throws, runs again. */
const together: Step = async (history, tick) => {
  const steps = Array.from({ length: 3 }, () => oneOf(history.random, [register, cancel, nudge, resend]))
  if (history.pair.inTurn) await Promise.all(steps.map(step => step(history, tick)))
  else for (const step of steps) await step(history, tick)
}

/** Every kind of step, and how often it is drawn. */
export const STEPS = {
  register: { run: register, weight: 4 },
  claimVerifications: { run: claimVerifications, weight: 3 },
  settleVerifications: { run: settleVerifications, weight: 7 },
  releaseVerifications: { run: releaseVerifications, weight: 1 },
  claimMessages: { run: claimMessages, weight: 3 },
  settleMessages: { run: settleMessages, weight: 7 },
  moveClock: { run: moveClock, weight: 7 },
  keepFailing: { run: keepFailing, weight: 1 },
  enableCallback: { run: enableCallback, weight: 2 },
  claimCallbackNotices: { run: claimCallbackNotices, weight: 2 },
  cancel: { run: cancel, weight: 2 },
  nudge: { run: nudge, weight: 2 },
  resend: { run: resend, weight: 3 },
  startBulkAct: { run: startBulkAct, weight: 1 },
  continueBulkActs: { run: continueBulkActs, weight: 2 },
  mendDueTimes: { run: mendDueTimes, weight: 2 },
  changePartner: { run: changePartner, weight: 1 },
  changeAccount: { run: changeAccount, weight: 1 },
  changeSecrets: { run: changeSecrets, weight: 1 },
  prune: { run: prune, weight: 2 },
  together: { run: together, weight: 2 },
}
export type Verb = keyof typeof STEPS
export const VERBS = (Object.keys(STEPS) as Verb[]).flatMap(verb => new Array<Verb>(STEPS[verb].weight).fill(verb))
