import { SECOND } from '../../src/core/duration.ts'
import type { EventAnswer } from '../../src/http/partner/events.ts'
import type { RegistrationAnswer } from '../../src/http/partner/registration-schemas.ts'
import type { ResendAnswer } from '../../src/http/partner/resends.ts'
import type { NewSigningSecretAnswer } from '../../src/http/partner/signing-secrets.ts'
import type { Draw } from './draw.ts'
import { type BulkResend, metadataOf, type Seen } from './seen.ts'

export interface Partner {
  id: string
  apiKey: string
}
/** Calls the API as a partner. Null: no answer came. */
export type CallApi = (
  key: string,
  method: string,
  path: string,
  body?: unknown,
) => Promise<{ status: number; json: unknown } | null>

/** A 401: its partner is disabled. A 408: the process stood still while the request came, and has not read it. */
export const isAnswered = (status: number | null): boolean =>
  status !== null && status < 500 && ![401, 408, 429].includes(status)

/** Simulated, or real. */
export interface Time {
  now: () => number
  wait: (ms: number) => Promise<void>
}
export interface ClientScene {
  time: Time
  /** About how long it waits before it repeats a call that was not answered, in ms. */
  patience: number
  draw: Draw
  seen: Seen
  call: CallApi
}

/** A registration request of a partner. */
export interface Item {
  serial: string
  url: string
  expiresAt: string | null
  account?: string | undefined
}
type Answer = NonNullable<Awaited<ReturnType<CallApi>>>
type ItemAnswer = { status: number; registration?: RegistrationAnswer }

const isAnswer = (answer: Answer | null): answer is Answer => isAnswered(answer?.status ?? null)

/** Repeats a call until it is answered, and reports each try with the time of its answer, or null. */
export const createInsist =
  ({ time, patience, draw }: Omit<ClientScene, 'seen' | 'call'>) =>
  async (ask: () => Promise<Answer | null>, note: (answer: Answer | null, at: number) => void = () => {}) => {
    for (;;) {
      const at = time.now()
      const answer = await ask()
      note(isAnswer(answer) ? answer : null, at)
      if (isAnswer(answer)) return answer
      await time.wait(patience / 2 + draw.below(patience))
    }
  }

/** The calls of a partner with its API key; all are recorded. */
export const createClient = (scene: ClientScene, { id: partner, apiKey }: Partner) => {
  const { time, patience, seen } = scene
  const insist = createInsist(scene)
  const call: CallApi = async (...args) => {
    const from = time.now()
    const answer = await scene.call(...args)
    seen.calls.push({ partner, from, to: time.now(), status: answer?.status ?? null })
    return answer
  }
  const begin = () => ({ partner, at: time.now() })

  let cursor: string | null = null
  let orders = 0

  /** @param waitMs for its end; the call takes as long */
  const show = async (id: string, waitMs = 0): Promise<RegistrationAnswer | null> => {
    const begun = begin()
    const answer = await call(apiKey, 'GET', `/v1/registrations/${id}${waitMs > 0 ? `?wait=${waitMs}ms` : ''}`)
    if (!isAnswer(answer)) return null
    const registration = answer.status === 200 ? (answer.json as RegistrationAnswer) : null
    seen.shown.push({ ...begun, answeredAt: time.now(), id, registration, waitMs })
    return registration
  }
  /** Reads the events that have come since it did so last, a page at a time. */
  const readEvents = async (): Promise<void> => {
    for (;;) {
      const begun = begin()
      const answer = await call(apiKey, 'GET', `/v1/events?limit=2${cursor === null ? '' : `&after=${cursor}`}`)
      if (answer?.status !== 200) return
      const { data, nextCursor } = answer.json as { data: EventAnswer[]; nextCursor: string }
      seen.events.push({ ...begun, answeredAt: time.now(), events: data })
      cursor = nextCursor
      if (data.length === 0) return
    }
  }
  const withOrder = (item: Item) => ({ ...item, metadata: metadataOf(partner, ++orders) })
  const bodyOf = ({ serial, url, metadata, expiresAt, account }: ReturnType<typeof withOrder>) => ({
    ...{ idcardid: serial, callbackUrl: url, metadata },
    ...(expiresAt ? { expiresAt } : {}),
    ...(account === undefined ? {} : { account }),
  })
  /** Its id; null: it has none. */
  const note = (item: ReturnType<typeof withOrder>, answered: ItemAnswer | null, at: number): string | null => {
    const asked = { ...item, partner, at, answeredAt: answered && time.now() }
    const id = answered?.registration?.id ?? null
    if (answered && id === null) seen.refusals.push({ ...asked, status: answered.status })
    else seen.registering.push({ ...asked, id })
    return id
  }

  return {
    partner,
    /** Until it is answered. Null: it was refused. */
    register: async (serial: string, url: string, expiresAt: string | null, account?: string) => {
      const item = withOrder({ serial, url, expiresAt, account })
      let id = null as string | null
      await insist(
        () => call(apiKey, 'POST', '/v1/registrations', bodyOf(item)),
        (answer, at) => {
          const made = answer && answer.status < 300 ? { registration: answer.json as RegistrationAnswer } : {}
          id = note(item, answer && { status: answer.status, ...made }, at)
        },
      )
      return id
    },
    /** Registers all in one call, until it is answered. Each item is recorded with its own result. */
    registerBatch: async (batch: readonly Item[]): Promise<(string | null)[]> => {
      const items = batch.map(withOrder)
      let ids: (string | null)[] = []
      await insist(
        () => call(apiKey, 'POST', '/v1/registrations/batch', { registrations: items.map(bodyOf) }),
        (answer, at) => {
          // It is enough to record the items that one try leaves open.
          if (!answer && ids.length > 0) return
          const { results = [] } = (answer?.json ?? {}) as { results?: ItemAnswer[] }
          ids = items.map((item, i) => note(item, answer && (results[i] ?? { status: answer.status }), at))
        },
      )
      return ids
    },
    act: async (what: 'cancel' | 'resend' | 'poll', id: string): Promise<void> => {
      const path = `/v1/registrations/${id}`
      await insist(
        async () => {
          if (what !== 'cancel') return call(apiKey, 'POST', `${path}/${what}`)
          const cancelled = await call(apiKey, 'DELETE', path)
          return cancelled?.status === 409 ? call(apiKey, 'DELETE', `${path}?erase=true`) : cancelled
        },
        (answer, at) => {
          const act = { partner, at, answeredAt: answer && time.now(), what, id }
          if (answer && answer.status >= 300) seen.refusedActs.push({ ...act, status: answer.status })
          else seen.acts.push(act)
        },
      )
    },
    /** Asks for a registration of another partner. */
    pry: async (id: string): Promise<void> => {
      const answer = await call(apiKey, 'GET', `/v1/registrations/${id}`)
      if (isAnswer(answer)) seen.pried.push({ partner, id, status: answer.status })
    },
    /** Sends all of its webhooks again that were given up; ends when that is done. */
    resendExhausted: async (): Promise<void> => {
      const act: BulkResend = { ...begin(), answeredAt: null }
      seen.bulkResends.push(act)
      const asked = { since: new Date(0).toISOString(), delivery: 'exhausted' }
      let answer = await insist(() => call(apiKey, 'POST', '/v1/resend', asked))
      const { id } = answer.json as ResendAnswer
      while (answer.status < 300 && !(answer.json as ResendAnswer).done) {
        await time.wait(patience)
        answer = await insist(() => call(apiKey, 'GET', `/v1/resend/${id}`))
      }
      if (answer.status < 300) act.answeredAt = time.now()
    },
    /** Makes a new secret; the present ones go on signing for `overlap` seconds. */
    rotate: async (overlap: number): Promise<void> => {
      const own = seen.secrets.filter(one => one.partner === partner)
      await insist(
        () => call(apiKey, 'POST', '/v1/signing-secrets/rotate', { overlap: `${overlap}s` }),
        (answer, at) => {
          if (answer && answer.status >= 300) return
          const text = answer && (answer.json as NewSigningSecretAnswer).secret
          for (const one of own) if (answer) one.to = Math.min(one.to, time.now() + overlap * SECOND)
          const secret = { partner, text, toldAt: time.now(), from: at, to: Number.POSITIVE_INFINITY }
          seen.secrets.push(secret)
          own.push(secret)
        },
      )
    },
    show,
    readEvents,
    /** Gets once more all registrations of the partner, and its events. */
    showAll: async (): Promise<void> => {
      const own = seen.registering.filter(one => one.partner === partner).flatMap(({ id }) => id ?? [])
      for (const id of new Set(own)) {
        await show(id)
        // An API key has a rate of calls.
        await time.wait(10)
      }
      await readEvents()
    },
    /** Whether anything of it is still to come. */
    isWaiting: async (): Promise<boolean> => {
      for (const query of ['status=pending', 'delivery=pending']) {
        const answer = await call(apiKey, 'GET', `/v1/registrations?limit=5&${query}`)
        if (answer?.status !== 200) return true
        const { data } = answer.json as { data: RegistrationAnswer[] }
        if (data.some(one => one.status === 'pending' || one.delivery.nextAttemptAt !== null)) return true
      }
      return false
    },
  }
}
export type Client = ReturnType<typeof createClient>
