import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { type Delivery, readType } from './delivery.ts'
import { createJournal } from './journal.ts'
import { openServer } from './open-server.ts'
import { type ReceiverAnswer, type ReceiverStep, sendReceiverStep, statusOf } from './receiver-step.ts'
import { judgeWebhook } from './webhook-check.ts'

/** `whsec_…` secrets for every path, or by path; a path that is not named has none. */
export type ReceiverSecrets = readonly string[] | Readonly<Record<string, readonly string[]>>

export interface ReceiverOptions {
  host?: string
  port?: number
  secrets: ReceiverSecrets
  /** Epoch ms. */
  now: () => number
  /** False takes everything unread (benchmarks): `verified` is true then. */
  verify?: boolean
  /** False keeps no deliveries; they are announced still. */
  record?: boolean
}

/**
 * A partner's side: verifies every webhook over its raw bytes and answers 200, or 401 where the signature is wrong; or
 * answers as planned. A delivery counts, and is announced, when it has arrived; its answer may come later or never.
 * Rejects with the system's error when it cannot listen.
 */
export const openReceiver = async (options: ReceiverOptions) => {
  const { host = '127.0.0.1', port = 0, now, verify = true, record = true } = options
  const plans = new Map<string, ReceiverAnswer[]>()
  const journal = createJournal<Delivery>('delivery', record)
  const delays = new Set<NodeJS.Timeout>()
  let secrets = options.secrets

  const judge = (path: string, headers: IncomingHttpHeaders, body: Buffer): true | string => {
    if (!verify) return true
    return judgeWebhook({ secrets: secretsOf(secrets, path), headers, body, nowMs: now() })
  }

  const answer = (response: ServerResponse, step: ReceiverAnswer): void => {
    const send = (): void => {
      if (!response.destroyed) sendReceiverStep(response, step)
    }
    if (!step.delayMs) {
      send()
      return
    }
    const delay = setTimeout(() => {
      delays.delete(delay)
      send()
    }, step.delayMs)
    delays.add(delay)
  }

  const server = await openServer(
    (request, response) => {
      const path = request.url?.split('?', 1)[0] ?? '/'
      const planned = plans.get(path)?.shift()
      const isEarly = planned?.fault === 'early'
      if (isEarly) sendReceiverStep(response, planned)
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const body = Buffer.concat(chunks)
        const verified = judge(path, request.headers, body)
        const step = isEarly ? planned : judgeReceiverStep(planned, verified)
        journal.add({ ...describe(path, request.headers, body), verified, at: now(), status: statusOf(step) })
        if (isEarly) response.end()
        else answer(response, step)
      })
    },
    { host, port },
  )

  const close = async (): Promise<void> => {
    for (const delay of delays) clearTimeout(delay)
    await server.close()
  }

  return {
    url: server.origin,
    /** `path` begins with a slash. */
    urlFor: (path: string): string => `${server.origin}${path}`,
    /** Answers the next requests to a path, one step each, in place of what was planned; then 200 again. */
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
    close,
    [Symbol.asyncDispose]: close,
  }
}

// A planned failure stands; success is only for those who can show a signature.
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
