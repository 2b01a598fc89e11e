import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { type Delivery, judgeWebhook, readType } from './delivery.ts'
import { createJournal } from './journal.ts'
import { openServer } from './open-server.ts'
import { type ReceiverAnswer, type ReceiverStep, sendReceiverStep, statusOf } from './receiver-step.ts'

/** `whsec_…` secrets for all paths, or by path; a path that is not named has none. */
export type ReceiverSecrets = readonly string[] | Readonly<Record<string, readonly string[]>>

export interface ReceiverOptions {
  host?: string
  port?: number
  secrets: ReceiverSecrets
  /** Epoch ms. */
  now: () => number
  /** False keeps no deliveries, but still announces them. */
  record?: boolean
}

/**
 * A partner's receiver. It verifies every webhook over its raw bytes and answers as planned, else 200, or 401 for a wrong
 * signature. A delivery is counted and announced when it has arrived; its answer may come later or never.
 * Rejects with the system's error when it cannot listen.
 */
export const openReceiver = async (options: ReceiverOptions) => {
  const { host = '127.0.0.1', port = 0, now, record = true } = options
  const plans = new Map<string, ReceiverAnswer[]>()
  const journal = createJournal<Delivery>('delivery', record)
  let secrets = options.secrets

  const judge = (path: string, headers: IncomingHttpHeaders, body: Buffer): true | string =>
    judgeWebhook({ secrets: secretsOf(secrets, path), headers, body, nowMs: now() })

  const answer = (response: ServerResponse, step: ReceiverAnswer): void =>
    server.after(step.delayMs ?? 0, () => {
      if (!response.destroyed) sendReceiverStep(response, step)
    })

  const server = await openServer(
    (request, response) => {
      const path = request.url?.split('?', 1)[0] ?? '/'
      const planned = plans.get(path)?.shift()
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const body = Buffer.concat(chunks)
        const verified = judge(path, request.headers, body)
        const step = judgeReceiverStep(planned, verified)
        journal.add({ ...describe(path, request.headers, body), verified, at: now(), status: statusOf(step) })
        answer(response, step)
      })
    },
    { host, port },
  )

  return {
    url: server.origin,
    /** `path` begins with a slash. */
    urlFor: (path: string): string => `${server.origin}${path}`,
    /** Answers the next requests to a path with one step each, instead of what was planned, and then with 200 again. */
    plan: (path: string, steps: readonly ReceiverStep[]): void => {
      plans.set(
        path,
        steps.map(step => (typeof step === 'number' ? { status: step } : step)),
      )
    },
    /** Replaces the secrets, e.g. after a rotation. */
    trust: (next: ReceiverSecrets): void => {
      secrets = next
    },
    received: journal.entries,
    receivedAt: (path: string): readonly Delivery[] => journal.entries.filter(delivery => delivery.path === path),
    /** Emits `delivery`. */
    events: journal.events,
    waitFor: journal.waitFor,
    nextDelivery: (path?: string): Promise<Delivery> =>
      journal.next(delivery => path === undefined || delivery.path === path),
    close: server.close,
    [Symbol.asyncDispose]: server.close,
  }
}

/** A planned failure stands; a success needs a valid signature. */
const judgeReceiverStep = (planned: ReceiverAnswer | undefined, verified: true | string): ReceiverAnswer => {
  const step = planned ?? { body: 'ok' }
  const status = statusOf(step)
  const isSuccess = status !== null && status >= 200 && status < 300
  return isSuccess && verified !== true ? { status: 401, body: verified } : step
}

const secretsOf = (secrets: ReceiverSecrets, path: string): readonly string[] =>
  isForAll(secrets) ? secrets : (secrets[path] ?? [])

const isForAll = (secrets: ReceiverSecrets): secrets is readonly string[] => Array.isArray(secrets)

const describe = (path: string, headers: IncomingHttpHeaders, bytes: Buffer) => {
  const { 'webhook-id': id, 'webhook-attempt': attempt } = headers
  const body = bytes.toString('utf8')
  return {
    path,
    id: typeof id === 'string' ? id : null,
    attempt: typeof attempt === 'string' && /^\d+$/.test(attempt) ? Number(attempt) : null,
    type: readType(body),
    body,
    headers,
  }
}
