import { isProbed } from '../../../../src/core/account.ts'
import type { MessageState } from '../../../../src/core/message.ts'
import { chooseAccount, viewAccount } from '../../../../src/store/account.ts'
import { type Callback, type CallbackTrouble, MOST_HELD } from '../../../../src/store/callbacks.ts'
import { MOST_MESSAGES, STATUS_MS } from '../../../../src/store/partner.ts'
import {
  byCallback,
  CALLBACK_WINDOW,
  type CallbackQuery,
  callbackTroublesOf,
  cutPage,
  placeOf,
  worstOf,
} from '../../../../src/store/rules/callback-troubles.ts'
import { beginOf, EVENT_WINDOW, isOfThisHistory, lastEventBy } from '../../../../src/store/rules/events.ts'
import { type DepthQuestion, forecastPoll } from '../../../../src/store/rules/poll-forecast.ts'
import { FRESH_MS, NEW, placeIn } from '../../../../src/store/rules/poll-queues.ts'
import { answer } from '../../../../src/store/rules/questions.ts'
import { countedHours, hourOf } from '../../../../src/store/rules/quotas.ts'
import { NO_RAMP } from '../../../../src/store/rules/ramp.ts'
import { explanationOf, isQueued, matches } from '../../../../src/store/rules/registration-view.ts'
import { sendingNow } from '../../../../src/store/rules/sending.ts'
import { liveSecrets } from '../../../../src/store/signing-secret.ts'
import type { Attempt, Quotas, Store, Usage } from '../../../../src/store/store.ts'
import { type Context, ownedRow, viewOf } from './context.ts'
import { NEVER_PAUSED } from './nouns.ts'
import { type AttemptRow, type MessageRow, type SecretRow, urlKey, type VerificationRow } from './tables.ts'

type Due = VerificationRow & { dueAt: number }
type Place = Pick<VerificationRow, 'id' | 'accountId' | 'partnerId' | 'queue'> & { dueAt: number }

type Verbs = Pick<
  Store,
  | 'findRegistration'
  | 'listRegistrations'
  | 'lookUpRegistrations'
  | 'endedAmong'
  | 'listAttempts'
  | 'explain'
  | 'listEvents'
  | 'usageOf'
  | 'statusOf'
  | 'listCallbacks'
>

export const secretsOf = ({ tables, now }: Context, partnerId: string): SecretRow[] =>
  liveSecrets(
    tables.secrets.where(row => row.partnerId === partnerId),
    now(),
  )

/** What a partner has now. */
const usageOf = ({ tables }: Context, partnerId: string, at: number): Usage => {
  const own = tables.registrations.where(row => row.partnerId === partnerId)
  const { first, last } = countedHours(at)
  const isCounted = (hour: number) => hour >= first && hour <= last
  return {
    pending: own.filter(({ status }) => status === 'pending').length,
    daily: own.filter(({ createdAt }) => isCounted(hourOf(createdAt))).length,
    hosts: tables.lanes.where(lane => lane.partnerId === partnerId).length,
  }
}

export const quotasOf = (context: Context, partnerId: string, at: number): { limits: Quotas; usage: Usage } | null => {
  const row = context.tables.partners.get(partnerId)
  const limits = { pending: row?.maxPending ?? null, hosts: row?.maxHosts ?? null, daily: row?.maxDaily ?? null }
  const isLimited = Object.values(limits).some(limit => limit !== null)
  return isLimited ? { limits, usage: usageOf(context, partnerId, at) } : null
}

export const createReads = (context: Context): Verbs => {
  const { tables, now, defaultRate } = context
  const attemptsOf = (messageSeq: number): Attempt[] =>
    tables.attempts
      .where(row => row.messageSeq === messageSeq)
      .sort((a, b) => a.n - b.n)
      .map(({ messageSeq: _, n: __, ...attempt }: AttemptRow) => attempt)

  const sendingOfMessage = (seq: number | null) => {
    const message = tables.messages.get(seq ?? 0)
    if (!message) return null
    const { rampAt, ramped } = tables.lanes.get(message.laneId) ?? NO_RAMP
    const claims = tables.attempts.where(row => row.messageSeq === seq).map(({ n }) => n)
    return sendingNow(
      { ...message, rampAt, ramped, attemptedClaim: claims.length === 0 ? null : Math.max(...claims) },
      now(),
    )
  }

  const messagesOf = (partnerId: string) =>
    tables.messages.where(row => row.partnerId === partnerId).sort((a, b) => a.event - b.event)

  const forecastOf = (place: Place, at: number) => {
    const row = tables.accounts.get(place.accountId)
    if (!row || isProbed(row)) return null
    const due = tables.verifications
      .where(one => one.accountId === place.accountId && !tables.partners.get(one.partnerId)?.disabled)
      .filter((one): one is Due => one.dueAt !== null && one.dueAt <= at)
    const byQueue = Map.groupBy(
      due.filter(({ partnerId }) => partnerId === place.partnerId),
      ({ queue }) => queue,
    )
    const depthOf = ({ queue, of }: DepthQuestion): number => {
      const rows = byQueue.get(queue) ?? []
      const end = placeIn(place, queue, at)
      const isBefore = (row: Due) => row.dueAt < end.dueAt || (row.dueAt === end.dueAt && row.id < end.id)
      const stale = rows.filter(({ dueAt }) => dueAt <= at - FRESH_MS).length
      return { due: rows.length, earlier: rows.filter(isBefore).length, stale }[of]
    }
    const partners = new Set([place.partnerId, ...due.map(({ partnerId }) => partnerId)]).size
    const account = { ...row, rate: row.rate ?? defaultRate }
    return answer(forecastPoll({ ...place, queues: [...byQueue.keys()], account, partners }, at), depthOf)
  }

  const troublesOf = (query: CallbackQuery) => {
    const behind = <Row extends Callback>(rows: readonly Row[]) =>
      rows
        .filter(row => byCallback(row, placeOf(query)) > 0)
        .sort(byCallback)
        .slice(0, CALLBACK_WINDOW)
    const paused = behind(tables.pauses.all()).map(row => ({ ...row, isHeld: true }))
    return callbackTroublesOf({ health: behind(tables.health.all()), pauses: paused }, query)
  }
  const withHeld = (trouble: Omit<CallbackTrouble, 'held'>): CallbackTrouble => {
    const isHeld = (row: MessageRow) => row.state === 'pending' && row.dueAt === null && urlKey(row) === urlKey(trouble)
    return {
      ...trouble,
      held: trouble.heldSince === null ? 0 : Math.min(MOST_HELD, tables.messages.where(isHeld).length),
    }
  }

  return {
    findRegistration: async (partnerId, id) => {
      const row = ownedRow(context, partnerId, id)
      return row ? viewOf(context, row) : null
    },

    listRegistrations: async (partnerId, { idcardid, status, delivery, limit, before }) =>
      tables.registrations
        .where(row => row.partnerId === partnerId && (before === null || row.id < before))
        .map(row => viewOf(context, row))
        .filter(one => idcardid === null || one.idcardid === idcardid)
        .filter(one => matches({ status: one.status, message: one.delivery }, { status, delivery }))
        .sort((a, b) => (a.id < b.id ? 1 : -1))
        .slice(0, limit),

    lookUpRegistrations: async (partnerId, idcardids, limit) => {
      const found = tables.registrations
        .where(row => row.partnerId === partnerId)
        .map(row => viewOf(context, row))
        .filter(({ idcardid }) => idcardids.includes(idcardid))
        .sort((a, b) => (a.id < b.id ? 1 : -1))
      return found.length > limit ? null : found
    },

    endedAmong: async ids =>
      tables.registrations.where(row => ids.includes(row.id) && row.status !== 'pending').map(({ id }) => id),

    listAttempts: async (partnerId, id) => {
      const row = ownedRow(context, partnerId, id)
      return row ? attemptsOf(row.messageSeq ?? 0) : null
    },

    explain: async (partnerId, id) => {
      const row = ownedRow(context, partnerId, id)
      const verification = row && tables.verifications.get(row.verificationId)
      if (!row || !verification) return null
      const account = tables.accounts.get(verification.accountId) ?? { ...NEVER_PAUSED, id: verification.accountId }
      const { pausedAt, pauseReason, pauseCode, unreachableAt, unreachableError } = account
      return explanationOf(viewOf(context, row), {
        lastAnswer: verification.lastAnswer,
        lastCode: verification.lastCode,
        rawStatus: verification.rawStatus,
        account: { id: account.id, pausedAt, pauseReason, pauseCode, unreachableAt, unreachableError },
        isDue: isQueued(verification, now()),
        probeAt: account.probeAt,
        queue: isQueued(verification, now()) ? forecastOf(verification, now()) : null,
        lastAttempt: attemptsOf(row.messageSeq ?? 0).at(-1) ?? null,
        messageType: tables.messages.get(row.messageSeq ?? 0)?.type ?? null,
        pausedSince: tables.pauses.get(urlKey(row))?.since ?? null,
        health: tables.health.get(urlKey(row)) ?? null,
        canSign: secretsOf(context, partnerId).length > 0,
        sending: sendingOfMessage(row.messageSeq),
        deliveriesHeldAt: tables.hold.get('')?.since ?? null,
      })
    },

    listEvents: async (partnerId, { after, limit, since, delivery }) => {
      const all = messagesOf(partnerId)
      const newest = tables.partners.get(partnerId)?.events ?? 0
      const createdAt = all.find(({ event }) => event === after?.n)?.createdAt ?? null
      const look = (n: number) => {
        const found = all.find(({ event }) => event >= n)
        return found ? { n: found.event, at: found.createdAt } : null
      }
      if (after !== null && !isOfThisHistory(after, { newest, createdAt }))
        return { outcome: 'lost', beginAfter: answer(lastEventBy(after.at, newest), look) }
      const begin = answer(beginOf({ after, since }, newest), look)
      const looked = all.filter(({ event }) => event > (begin?.n ?? 0)).slice(0, EVENT_WINDOW)
      const isWanted = ({ state, body, createdAt }: MessageRow) =>
        body !== '' && createdAt >= (since ?? 0) && (delivery === undefined || state === delivery)
      const events = looked
        .filter(isWanted)
        .slice(0, limit)
        .map(({ event, createdAt, registrationId, type, state, body }) => ({
          position: { n: event, at: createdAt },
          registrationId,
          type,
          createdAt,
          delivery: state,
          body,
        }))
      const last = looked.at(-1)
      const whole = last ? { n: last.event, at: last.createdAt } : begin
      const end = events.length === limit ? (events.at(-1)?.position ?? begin) : whole
      const upTo = looked.filter(({ event }) => event <= (end?.n ?? 0))
      return { outcome: 'page', events, end, looked: upTo.length }
    },

    statusOf: async (partnerId, idOrApiId) => {
      const at = now()
      const row = chooseAccount(
        tables.accounts
          .where(one =>
            idOrApiId === null
              ? one.isDefault || one.partnerId === partnerId
              : one.id === idOrApiId || one.apiId === idOrApiId,
          )
          .map(one => ({ ...one, apiKey: Buffer.alloc(0) })),
        partnerId,
      )
      const place = { accountId: row?.id ?? '', partnerId, queue: NEW, dueAt: at, id: Number.MAX_SAFE_INTEGER }
      const since = at - STATUS_MS
      const newest = messagesOf(partnerId)
        .slice(-MOST_MESSAGES)
        .filter(({ createdAt }) => createdAt >= since)
      const count = (state: MessageState) => newest.filter(message => message.state === state).length
      return {
        account: row && viewAccount(row, defaultRate),
        queue: row && forecastOf(place, at),
        messages: { since, pending: count('pending'), delivered: count('delivered'), exhausted: count('exhausted') },
        callbacks: worstOf(troublesOf({ partnerId, after: null }).troubles).map(withHeld),
      }
    },

    listCallbacks: async (partnerId, { after, limit }) => {
      const { troubles, next } = cutPage(troublesOf({ partnerId, after }), limit)
      return { troubles: troubles.map(withHeld), next }
    },

    usageOf: async partnerId => usageOf(context, partnerId, now()),
  }
}
