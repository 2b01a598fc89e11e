import { MINUTE } from '../../src/core/duration.ts'
import type { EventAnswer } from '../../src/http/partner/events.ts'
import type { RegistrationAnswer } from '../../src/http/partner/registration-schemas.ts'
import type { Draw } from './draw.ts'
import { metadataOf, type Seen, type Trouble } from './seen.ts'

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
interface Scene {
  time: Time
  /** How long it waits about before it tries again what was not answered, in ms. */
  patience: number
  draw: Draw
  seen: Seen
  call: CallApi
}

/** What a partner does with its API key; all of it is noted. */
export const createClient = (scene: Scene, { id: partner, apiKey }: Partner) => {
  const { time, patience, draw, seen } = scene
  const call: CallApi = async (...args) => {
    const from = time.now()
    const answer = await scene.call(...args)
    seen.calls.push({ partner, from, to: time.now(), status: answer?.status ?? null })
    return answer
  }
  const begin = () => ({ partner, at: time.now() })
  const isAnswer = (answer: Awaited<ReturnType<CallApi>>): answer is NonNullable<typeof answer> =>
    isAnswered(answer?.status ?? null)

  let cursor: string | null = null
  let orders = 0

  const show = async (id: string): Promise<RegistrationAnswer | null> => {
    const begun = begin()
    const answer = await call(apiKey, 'GET', `/v1/registrations/${id}`)
    if (!isAnswer(answer)) return null
    const registration = answer.status === 200 ? (answer.json as RegistrationAnswer) : null
    seen.shown.push({ ...begun, answeredAt: time.now(), id, registration })
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

  return {
    /** Until it is answered. Null: it was refused. */
    register: async (serial: string, url: string, expiresAt: string | null): Promise<string | null> => {
      const metadata = metadataOf(partner, ++orders)
      for (;;) {
        const begun = begin()
        const body = { idcardid: serial, callbackUrl: url, metadata, ...(expiresAt ? { expiresAt } : {}) }
        const answer = await call(apiKey, 'POST', '/v1/registrations', body)
        const isDone = isAnswer(answer)
        const id = isDone && answer.status < 300 ? (answer.json as RegistrationAnswer).id : null
        const asked = { ...begun, answeredAt: isDone ? time.now() : null, serial, url, metadata, expiresAt }
        if (isDone && id === null) seen.refusals.push({ ...asked, status: answer.status })
        else seen.registering.push({ ...asked, id })
        if (isDone) return id
        await time.wait(patience / 2 + draw.below(patience))
      }
    },
    act: async (what: 'cancel' | 'resend' | 'poll', id: string): Promise<void> => {
      for (;;) {
        const begun = begin()
        const path = `/v1/registrations/${id}`
        const answer = await (what === 'cancel'
          ? call(apiKey, 'DELETE', path)
          : call(apiKey, 'POST', `${path}/${what}`))
        const isDone = isAnswer(answer)
        const isRefused = isDone && answer.status >= 300
        if (what !== 'poll' && !isRefused)
          seen.acts.push({ ...begun, answeredAt: isDone ? time.now() : null, what, id })
        if (isDone) return
        await time.wait(patience / 2 + draw.below(patience))
      }
    },
    show,
    readEvents,
    /** Looks once more at all that it has registered, and at its events. */
    showAll: async (): Promise<void> => {
      const own = seen.registering.filter(one => one.partner === partner).flatMap(({ id }) => id ?? [])
      for (const id of new Set(own)) {
        await show(id)
        // An API key may make so many calls a second.
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

/** What an operator does: an account is paused, or a partner disabled, for a while. */
export const operate = async (
  { time, patience, draw, seen, call }: Scene,
  { token, partner, account, forMs }: { token: string; partner: string; account: string; forMs: number },
): Promise<void> => {
  const until = async (method: string, path: string, body: unknown) => {
    for (;;) {
      const answer = await call(token, method, path, body)
      if (answer && answer.status < 500) return
      await time.wait(patience)
    }
  }
  const isPaused = draw.chance(0.5)
  const trouble: Trouble = {
    ...{ from: time.now(), to: Number.POSITIVE_INFINITY },
    ...(isPaused ? { of: 'GetResult', name: 'the account is paused' } : { of: 'partner', partner, name: 'disabled' }),
  }
  seen.troubles.push(trouble)
  if (isPaused) {
    await until('POST', `/v1/admin/accounts/${account}/pause`, {})
    const paused = { from: time.now(), to: Number.POSITIVE_INFINITY }
    seen.paused.push(paused)
    await time.wait(draw.below(forMs))
    paused.to = time.now()
    await until('POST', `/v1/admin/accounts/${account}/resume`, {})
  } else {
    await until('PATCH', `/v1/admin/partners/${partner}`, { disabled: true })
    const disabled = { partner, from: time.now(), to: Number.POSITIVE_INFINITY }
    seen.disabled.push(disabled)
    await time.wait(draw.below(forMs))
    disabled.to = time.now()
    await until('PATCH', `/v1/admin/partners/${partner}`, { disabled: false })
  }
  trouble.to = time.now()
}

/**
 * One registration's life, as its partner has it: asked for, perhaps twice, looked at, cancelled, resent, asked for anew.
 *
 * @param life.pauseMs the longest between two acts
 */
export const liveWith = async (
  { time, draw }: Pick<Scene, 'time' | 'draw'>,
  client: Client,
  life: { serial: string; url: string; now: () => number; pauseMs: number },
): Promise<void> => {
  const pause = () => time.wait(draw.below(life.pauseMs))
  const expiresAt = draw.chance(0.4) ? new Date(life.now() + MINUTE + draw.below(4 * life.pauseMs)).toISOString() : null
  const register = () => client.register(life.serial, life.url, expiresAt)
  const id = await register()
  if (id === null) return
  if (draw.chance(0.2)) await register()
  for (let look = draw.below(3); look > 0; look--) {
    await pause()
    await client.show(id)
  }
  if (draw.chance(0.1)) await client.act('poll', id)
  if (draw.chance(0.1)) return client.act('cancel', id)
  if (draw.chance(0.15)) await client.act('resend', id)
  await pause()
  await pause()
  const shown = await client.show(id)
  if (shown?.status === 'unresolved' && draw.chance(0.3)) await register()
}
