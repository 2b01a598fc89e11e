import { EventEmitter } from 'node:events'
import type { Context } from 'hono'
import { z } from 'zod'
import { MINUTE, readDuration, SECOND } from '../../core/duration.ts'
import { AppError } from '../../core/error.ts'
import { createInFlight } from '../../core/keyed-limiter.ts'
import { withPublicError } from '../../core/message.ts'
import { isRegistrationId } from '../../core/registration.ts'
import { type Read, SERIAL, SERIAL_FORM } from '../../core/registration-input.ts'
import { ATTEMPT_KINDS } from '../../store/messages/message.ts'
import { SEARCHED_AT_ONCE } from '../../store/registrations/filter.ts'
import type { ListedRegistration } from '../../store/registrations/queries.ts'
import type { Registration } from '../../store/registrations/registration.ts'
import type { Store } from '../../store/store.ts'
import type { ApiDeps, ApiEnv } from '../api-env.ts'
import { operation, type PartnerCalls } from '../calls.ts'
import { AT, DURATION_PATTERN, SEARCHED_BY, TEXT_OR_NULL } from '../json/fields.ts'
import { listOf, PAGE_PARAMETERS, SEARCH, viewPage } from '../json/pagination.ts'
import { found } from '../json/problem.ts'
import { readTimes } from '../json/times.ts'
import { packWords } from '../json/validate.ts'
import { answerLanguage } from '../language.ts'
import { pageCost, SCANNED_PER_OPENED } from '../rates.ts'
import { CANCEL_QUERY, CANCELS, cancelOne } from './cancelling.ts'
import { ATTEMPT, REGISTRATION, readWith, registrationFacts, viewAttempt, viewDue } from './registration-schemas.ts'

interface Wait {
  partnerId: string
  ms: number
  /** Ends the wait. */
  signal: AbortSignal
}

/** A registration in a list. */
export const LISTED = REGISTRATION.and(
  z.object({
    lastAttempt: z
      .object({ at: AT, outcome: z.enum(ATTEMPT_KINDS), httpStatus: z.int().nullable(), error: TEXT_OR_NULL })
      .nullable()
      .describe('The last attempt to deliver its webhook, with some of the fields of an `Attempt`; null: none yet.'),
  }),
).meta({ id: 'ListedRegistration', description: 'A registration with the last attempt to deliver its webhook.' })
const viewListed = ({ lastAttempt, ...registration }: ListedRegistration) =>
  z.decode(LISTED, {
    ...registrationFacts(registration),
    lastAttempt: lastAttempt && withPublicError(lastAttempt),
  })

/** Maximum waiting calls of one partner, and of all: three quarters of the connections; other calls need the rest. */
const MAX_WAITING_PER_PARTNER = 64
const MAX_WAITING = 3_072
/** Interval of the reads: the hint of another node may be lost. */
const RETRY_MS = 1 * SECOND

/**
 * Wakes up calls that wait for a registration to end, by the hint `resolved`, or by a read of the database: one a
 * second for all of them.
 */
export const createLongPoll = ({ store, sleep }: Pick<ApiDeps, 'store' | 'sleep'>) => {
  const waits = createInFlight()
  /** Emits the id of a registration once it has ended. */
  const ends = new EventEmitter().setMaxListeners(0)
  const tell = (ids: readonly string[]) => {
    for (const id of ids) ends.emit(id)
  }
  store.hints.on('resolved', tell)

  let isReading = false
  const look = async () => {
    isReading = true
    while (waits.total() > 0) {
      await sleep(RETRY_MS)
      // After a failed read, the next one may find it.
      if (waits.total() > 0) await store.endedAmong(ends.eventNames() as string[]).then(tell, () => {})
    }
    isReading = false
  }

  /** Resolves when the registration ends, after `ms`, or when the signal aborts; at once if too many calls wait. */
  return async (id: string, { partnerId, ms, signal }: Wait): Promise<void> => {
    if ((waits.counts.get(partnerId) ?? 0) >= MAX_WAITING_PER_PARTNER || waits.total() >= MAX_WAITING) return
    waits.start(partnerId)
    if (!isReading) void look()
    const ended = new AbortController()
    const end = () => ended.abort()
    ends.once(id, end)
    await sleep(ms, AbortSignal.any([signal, ended.signal])).catch(() => {})
    ends.off(id, end)
    waits.end(partnerId)
  }
}

const ONE_PAIR = {
  en: 'must be one key with its value, such as metadata.order=42',
  zh: '只能有一个键和值，例如 metadata.order=42',
}
/** Reads the one pair of a `metadata.KEY=value` or `metadata[KEY]=value`, or a `metadata=value` of any key. */
const readWanted = (pairs: unknown): Read<{ key: string | null; value: string }> => {
  const [name = '', value] = Array.isArray(pairs) && pairs.length === 1 ? pairs[0] : []
  const [whole, dotted, bracketed] = /^metadata(?:\.(.*)|\[(.*)\])?$/s.exec(name) ?? []
  if (whole === undefined || value === undefined) return { ok: false, message: ONE_PAIR }
  return { ok: true, value: { key: dotted ?? bracketed ?? null, value } }
}

const LIST_QUERY = z.strictObject({
  idcardid: z.string().regex(SERIAL, packWords(SERIAL_FORM)).optional().describe('Only registrations of this serial.'),
  ...SEARCHED_BY,
  metadata: z
    .unknown()
    .transform(readWith(readWanted))
    .optional()
    .meta({
      type: 'object',
      additionalProperties: { type: 'string' },
      maxProperties: 1,
      description:
        '`metadata.KEY=value` or `metadata[KEY]=value`, such as `metadata.order=42`: only registrations whose `metadata` has exactly this value for this key; one key at most. `metadata=42` finds this value of any key. In clients generated from this document it is an object: `{"order": "42"}`. Metadata is encrypted, so all registrations that match the other parameters are decrypted: add `since` to keep the search short.',
      examples: [{ order: '42' }],
    }),
  ...PAGE_PARAMETERS,
})

const WAIT = packWords({
  en: 'must be a duration from 0s to 60s, such as 30s',
  zh: '必须是 0s 到 60s 的时长，例如 30s',
})
const WAIT_QUERY = z.strictObject({
  wait: z
    .string(WAIT)
    .transform(readDuration)
    .refine(ms => ms !== null && ms <= MINUTE, WAIT)
    .transform(ms => ms ?? 0)
    .optional()
    .meta({
      pattern: DURATION_PATTERN,
      description:
        'Answer as soon as the registration leaves `pending`, or after this time, at most 60s. A partner may have 64 waiting calls; further ones are answered at once.',
      examples: ['30s'],
    }),
})

export const RESEND_REFUSALS = {
  no_message: {
    en: 'There is nothing to send yet: the registration is still waiting for its verdict. See its explain.',
    zh: '尚无回调可重发：该登记仍在等待结果，详见 explain。',
  },
  cancelled: {
    en: 'The registration was cancelled, so there is nothing to send. Register the serial again.',
    zh: '该登记已取消，没有回调可重发。请重新登记该流水号。',
  },
}

/** A poll overdue for this long waits in a queue; up to then it is on its way. */
const QUEUED_MS = 2 * SECOND

export const NOT_POLLED = {
  en: 'The registration is cancelled, so it is no longer polled. Register the serial again.',
  zh: '该登记已取消，不再查询。请重新登记该流水号。',
}

const serialForId = (serial: string) => ({
  en: `There is no registration with this id. If it is a serial, its registrations are at /v1/registrations?idcardid=${serial}.`,
  zh: `没有该 id 对应的登记。如果这是流水号，请用 /v1/registrations?idcardid=${serial} 查询其登记。`,
})

/** Returns the calling partner, and the registration that the path names. */
export const readTarget = (c: Context<ApiEnv>): [partnerId: string, id: string] => {
  const id = c.req.param('id') ?? ''
  if (SERIAL.test(id) && !/^(reg|msg)_/.test(id)) throw new AppError('not_found', serialForId(id))
  return [c.get('partnerId'), found(isRegistrationId(id) ? id : null, 'registration')]
}

const view = (store: Store, registration: Registration) => viewDue(registration, store.now())
const find = async (store: Store, c: Context<ApiEnv>) =>
  found(await store.findRegistration(...readTarget(c)), 'registration')

const findWithForecast = async (store: Store, c: Context<ApiEnv>) => {
  const registration = await find(store, c)
  const { nextPollAt } = registration
  if (nextPollAt === null || nextPollAt > store.now() - QUEUED_MS) return view(store, registration)
  const explained = await store.explain(...readTarget(c))
  if (!explained?.queue) return view(store, explained?.registration ?? registration)
  return view(store, { ...registration, nextPollAt: explained.queue.at })
}

export const REGISTRATION_CALLS = {
  'GET /v1/registrations': operation({
    operationId: 'listRegistrations',
    summary: 'List registrations, newest first',
    description:
      'If `nextCursor` is not null, there is another page: pass it as `cursor`. A page scans 5,000 registrations at most, so with a filter it may be short or empty and still have a `nextCursor`; `lookedBackTo` then says how far back it has scanned. To look up many serials at once, use `POST /v1/registrations/lookup`.',
    query: LIST_QUERY,
    answers: { 200: listOf(LISTED, SEARCH) },
    handle: async (c, { store, rates, now }, { query: { limit, cursor, ...query } }) => {
      const { since, until } = readTimes(query, { now: now() })
      const filter = {
        idcardid: query.idcardid ?? null,
        status: query.status ?? null,
        delivery: query.delivery ?? null,
        host: query.host?.toLowerCase() ?? null,
        since,
        until,
        metadata: query.metadata ?? null,
      }
      const partnerId = c.get('partnerId')
      const perRow = filter.metadata === null ? 1 : SCANNED_PER_OPENED
      const most = (filter.metadata ?? filter.host) === null ? 0 : perRow * SEARCHED_AT_ONCE
      const taken = Math.min(pageCost(limit, most), rates.limits.items.burst)
      rates.take('items', partnerId, taken)
      const page = await store.listRegistrations(partnerId, { ...filter, limit, before: cursor ?? null })
      rates.give('items', partnerId, taken - pageCost(page.found.length, perRow * page.scanned))
      return c.json(viewPage(page, viewListed, { since, until }))
    },
  }),
  'GET /v1/registrations/:id': operation({
    operationId: 'getRegistration',
    summary: 'Get a registration, or wait for its verdict',
    description:
      'With `wait` the answer comes as soon as there is a verdict, or when that time is over, with the registration in its present state, which may still be `pending`.',
    query: WAIT_QUERY,
    answers: { 200: REGISTRATION },
    handle: async (c, { store, stopping, waitForEnd }, { query: { wait } }) => {
      if (wait === undefined) return c.json(await findWithForecast(store, c))
      const [partnerId, id] = readTarget(c)
      // The wait begins before the first read, so that a verdict in between is not missed.
      const answered = new AbortController()
      const signal = AbortSignal.any([c.req.raw.signal, answered.signal, stopping])
      const ended = waitForEnd(id, { partnerId, ms: wait, signal })
      try {
        const registration = await find(store, c)
        if (registration.status !== 'pending') return c.json(view(store, registration))
        await ended
        return c.json(view(store, await find(store, c)))
      } finally {
        answered.abort()
      }
    },
  }),
  'DELETE /v1/registrations/:id': operation({
    operationId: 'cancel',
    summary: 'Cancel a registration, or erase it',
    description: CANCELS,
    query: CANCEL_QUERY,
    answers: { 204: null },
    problems: ['has_verdict'],
    handle: async (c, deps, { query }) => {
      await cancelOne(deps, readTarget(c), query)
      return c.body(null, 204)
    },
  }),
  'POST /v1/registrations/:id/poll': operation({
    operationId: 'poll',
    summary: 'Poll the upstream now',
    description: 'A hint that the user has come back from the verification. After the end nothing is polled.',
    answers: { 202: REGISTRATION },
    problems: ['conflict'],
    handle: async (c, { store }) => {
      const registration = found(await store.nudge(...readTarget(c)), 'registration')
      if (registration.status === 'cancelled') throw new AppError('conflict', NOT_POLLED)
      return c.json(view(store, registration), 202)
    },
  }),
} satisfies PartnerCalls

export const DELIVERY_CALLS = {
  'GET /v1/registrations/:id/attempts': operation({
    operationId: 'attempts',
    summary: 'List the attempts to deliver its webhook, oldest first',
    description: 'When each attempt was made, and its answer. The newest 50 attempts of a message are kept.',
    answers: { 200: listOf(ATTEMPT) },
    handle: async (c, { store }) => {
      const attempts = found(await store.listAttempts(...readTarget(c)), 'registration')
      const language = answerLanguage(c)
      return c.json({
        data: attempts.map(attempt => viewAttempt(withPublicError(attempt), language)),
        nextCursor: null,
      })
    },
  }),
  'POST /v1/registrations/:id/resend': operation({
    operationId: 'resend',
    summary: 'Resend its webhook',
    description:
      'The webhook keeps its `webhook-id`, and may be delivered, waiting or exhausted. Its retry schedule starts again; to a URL that is held it is sent once, alone, and a 2xx ends the hold. At most 10 times a minute.',
    answers: { 202: REGISTRATION },
    problems: ['conflict'],
    handle: async (c, { store, rates }) => {
      const [partnerId, id] = readTarget(c)
      rates.take('resends', `${partnerId} ${id}`)
      const outcome = await store.resend(partnerId, id)
      if (outcome !== 'resent') throw new AppError('conflict', RESEND_REFUSALS[found(outcome, 'registration')])
      return c.json(view(store, await find(store, c)), 202)
    },
  }),
} satisfies PartnerCalls
