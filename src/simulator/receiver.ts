import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { Webhook } from 'standardwebhooks'
import { MINUTE } from '../core/duration.ts'
import { createJournal } from './journal.ts'
import { openServer } from './open-server.ts'

/** One request to the receiver. */
export interface Delivery {
  /** Without the query. */
  path: string
  /** `webhook-id`. */
  id: string | null
  /** `webhook-attempt`. */
  attempt: number | null
  /** The body's `type`. */
  type: string | null
  /** As received, decoded as UTF-8. */
  body: string
  headers: IncomingHttpHeaders
  /** True, or the reason why it is not. */
  verified: true | string
  /** When its last byte arrived, epoch ms on the clock of `now`. */
  at: number
  /** Status of the response; null if there is none. */
  status: number | null
}

/** Response to one request: a status, or a function that responds, with the status that it sends (null: none). */
export type ReceiverStep = number | { status: number | null; send: (response: ServerResponse) => void }

export interface ReceiverOptions {
  /** `whsec_…`; read anew for each webhook. */
  secrets: readonly string[]
  /** Epoch ms. */
  now: () => number
}

/**
 * A partner's receiver. It verifies every webhook over its raw bytes and answers as planned, else 200, or 401 for a
 * wrong signature. It emits a delivery on arrival; the response may follow later or never.
 */
export const openReceiver = async ({ secrets, now }: ReceiverOptions) => {
  const plans = new Map<string, ReceiverStep[]>()
  const journal = createJournal<Delivery>('delivery')

  const server = await openServer(
    (request, response) => {
      const path = request.url?.split('?', 1)[0] ?? '/'
      const planned = plans.get(path)?.shift() ?? 200
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { headers } = request
        const bytes = Buffer.concat(chunks)
        const body = bytes.toString('utf8')
        const verified = judgeWebhook({ secrets, headers, body: bytes, nowMs: now() })
        const step = judgeStep(planned, verified)
        const status = typeof step === 'number' ? step : step.status
        const { 'webhook-id': id, 'webhook-attempt': attempt } = headers
        journal.add({
          path,
          body,
          type: readType(body),
          headers,
          verified,
          at: now(),
          status,
          id: typeof id === 'string' ? id : null,
          attempt: typeof attempt === 'string' && /^\d+$/.test(attempt) ? Number(attempt) : null,
        })
        if (typeof step === 'number') response.writeHead(step).end(verified === true ? 'ok' : verified)
        else step.send(response)
      })
    },
    { host: '127.0.0.1', port: 0 },
  )

  return {
    url: server.origin,
    /** `path` begins with a slash. */
    urlFor: (path: string): string => `${server.origin}${path}`,
    /** Answers the next requests to a path with one step each, replacing earlier plans, and then with 200 again. */
    plan: (path: string, steps: readonly ReceiverStep[]): void => {
      plans.set(path, [...steps])
    },
    received: journal.entries,
    receivedAt: (path: string): readonly Delivery[] => journal.entries.filter(delivery => delivery.path === path),
    /** Emits `delivery`. */
    events: journal.events,
    close: server.close,
    [Symbol.asyncDispose]: server.close,
  }
}

/** A planned failure stands; a success needs a valid signature. */
const judgeStep = (planned: ReceiverStep, verified: true | string): ReceiverStep => {
  const status = typeof planned === 'number' ? planned : planned.status
  const isSuccess = status !== null && status >= 200 && status < 300
  return isSuccess && verified !== true ? 401 : planned
}

const readType = (body: string): string | null => {
  try {
    const { type } = Object(JSON.parse(body)) as { type?: unknown }
    return typeof type === 'string' ? type : null
  } catch {
    return null
  }
}

const TOLERANCE_MS = 5 * MINUTE

interface Check {
  secrets: readonly string[]
  headers: IncomingHttpHeaders
  body: Buffer
  nowMs: number
}

/**
 * Verifies a webhook (Standard Webhooks, `v1`) as a partner does, with any of the secrets. Returns true, or the reason
 * of the refusal. The standardwebhooks package makes the signature; the age is checked here, because its `verify` knows
 * only the real clock.
 */
const judgeWebhook = ({ secrets, headers, body, nowMs }: Check): true | string => {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signatures !== 'string')
    return 'missing headers'
  if (!/^\d{1,12}$/.test(timestamp)) return 'bad timestamp'
  const sentAt = new Date(Number(timestamp) * 1_000)
  if (Math.abs(nowMs - sentAt.getTime()) > TOLERANCE_MS) return 'timestamp too old or too new'
  // The package signs text, in which two different invalid byte sequences look alike.
  if (!isUtf8(body)) return 'body is not UTF-8'
  const given = signatures.split(' ')
  const isSigned = secrets.some(secret => given.includes(new Webhook(secret).sign(id, sentAt, body)))
  return isSigned || 'no matching signature'
}
