import type { RegistrationAnswer } from '../../src/http/partner/registration-schemas.ts'
import { createApiClient } from '../support/api-client.ts'
import type { openReceiver, ReceiverStep } from '../support/receiver.ts'
import type { Environment } from '../support/service.ts'
import { bodyOf } from './stage.ts'

const CLIENTS = 8

/** Short limits and many tries, so that much is under way at any time. */
export const SETTINGS: Environment = {
  UPSTREAM_TIMEOUT: '300ms',
  CALLBACK_TIMEOUT: '500ms',
  RETRY_SCHEDULE: Array(40).fill('50ms').join(','),
  LOG_LEVEL: 'info',
}

type Receiver = Awaited<ReturnType<typeof openReceiver>>

/** A third of the requests fail, some of them after the receiver has taken the message. */
export const createMoods = (random: () => number): ReceiverStep[] =>
  Array.from({ length: 20_000 }, () => {
    const mood = random()
    if (mood < 0.2) return 500
    if (mood < 0.25) return { fault: 'reset' }
    if (mood < 0.3) return { delayMs: 200 }
    return mood < 0.33 ? { status: 503, delayMs: 100 } : 200
  })

/** Half of the serials pass; a few take a while. Known from the serial alone, so that it can be checked. */
export const verdictOf = (idcardid: string): 'SUCCESS' | 'FAIL' =>
  Number(idcardid.slice(-1)) % 2 === 0 ? 'SUCCESS' : 'FAIL'

/** Registers one serial after another, perhaps with a pause between, and remembers what became of each request. */
export const createClients = (target: { url: string }, apiKey: string, callbackUrl: string, { pauseMs = 0 } = {}) => {
  const acknowledged = new Map<string, RegistrationAnswer>()
  const unanswered = new Set<string>()
  const refused = new Set<string>()
  const surprises: unknown[] = []
  let serial = 0
  let stopped = false
  let onAnswer = () => {}
  let back = Promise.withResolvers<void>()

  const run = async (name: number): Promise<void> => {
    while (!stopped) {
      const idcardid = `crash-${name}-${serial++}`
      const { call } = createApiClient(target.url, apiKey)
      try {
        const body = { idcardid, callbackUrl, metadata: { name: idcardid } }
        const answer = await call<RegistrationAnswer>('POST', '/v1/registrations', body)
        if (answer.status === 201) acknowledged.set(idcardid, answer.body)
        else if (answer.status === 503) refused.add(idcardid)
        else surprises.push(answer)
        onAnswer()
        if (pauseMs > 0) await later(pauseMs)
      } catch {
        unanswered.add(idcardid)
        await back.promise
      }
    }
  }
  const running = Array.from({ length: CLIENTS }, (_, name) => run(name))
  return {
    acknowledged,
    unanswered,
    /** Answered 503, as while the database is away: whether it was done is not said. */
    refused,
    surprises,
    /** Resolves when so many more requests have been answered. */
    answered: (count: number) =>
      new Promise<void>(resolve => {
        let left = count
        onAnswer = () => {
          if (--left <= 0) resolve()
        }
      }),
    /** The service is back: those that lost their connection go on. */
    goOn: () => {
      back.resolve()
      back = Promise.withResolvers()
    },
    stop: async () => {
      stopped = true
      back.resolve()
      await Promise.all(running)
    },
  }
}

/** What the webhooks promise, from nothing but the requests that came and what was acknowledged. */
export const findBrokenPromises = (receiver: Receiver, clients: ReturnType<typeof createClients>): string[] => {
  const broken: string[] = []
  const bodies = new Map<string | null, string>()
  const idOf = new Map<string, string | null>()
  for (const delivery of receiver.received) {
    const { data } = bodyOf(delivery)
    const { idcardid, registrationId, status } = data
    if (delivery.verified !== true) broken.push(`${idcardid}: ${delivery.verified}`)
    if ((bodies.get(delivery.id) ?? delivery.body) !== delivery.body) broken.push(`${idcardid}: another body`)
    if ((idOf.get(registrationId) ?? delivery.id) !== delivery.id) broken.push(`${idcardid}: another webhook-id`)
    if (status !== verdictOf(idcardid)) broken.push(`${idcardid}: ${status} is not its verdict`)
    if (data.metadata.name !== idcardid) broken.push(`${idcardid}: not its metadata`)
    const known = clients.acknowledged.get(idcardid)
    if (known ? known.id !== registrationId : !(clients.unanswered.has(idcardid) || clients.refused.has(idcardid)))
      broken.push(`${idcardid}: ${registrationId} was never acknowledged`)
    bodies.set(delivery.id, delivery.body)
    idOf.set(registrationId, delivery.id)
  }
  const told = new Set(receiver.received.filter(one => one.status === 200).map(one => bodyOf(one).data.registrationId))
  for (const [idcardid, { id }] of clients.acknowledged) if (!told.has(id)) broken.push(`${idcardid}: never delivered`)
  return broken
}

/** Requests that came after their message had been answered 200 already. */
export const countDuplicates = ({ received }: Receiver): number => {
  const answered = new Set<string | null>()
  let duplicates = 0
  for (const { id, status } of received) {
    if (answered.has(id)) duplicates++
    else if (status === 200) answered.add(id)
  }
  return duplicates
}

/** What became of the acknowledged ones, from the requests that came. */
export const summaryOf = (receiver: Receiver, { acknowledged }: ReturnType<typeof createClients>): string => {
  const ids = new Map<string, Set<string | null>>()
  const told = new Set<string>()
  for (const delivery of receiver.received) {
    const { registrationId } = bodyOf(delivery).data
    ids.set(registrationId, (ids.get(registrationId) ?? new Set()).add(delivery.id))
    if (delivery.status === 200) told.add(registrationId)
  }
  const lost = [...acknowledged.values()].filter(({ id }) => !told.has(id)).length
  const most = Math.max(0, ...[...ids.values()].map(({ size }) => size))
  return `${lost} lost, ${countDuplicates(receiver)} sent again after they were answered 200, at most ${most} webhook-id a message`
}

export const allRegistrations = async ({ get }: ReturnType<typeof createApiClient>): Promise<RegistrationAnswer[]> => {
  const all: RegistrationAnswer[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page = await get<{ data: RegistrationAnswer[]; nextCursor: string | null }>(
      `/v1/registrations?limit=250${query}`,
    )
    all.push(...page.data)
    cursor = page.nextCursor
  }
  return all
}

export const later = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
