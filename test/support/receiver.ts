import type { ServerResponse } from 'node:http'
import * as simulator from '../../src/simulator/receiver.ts'
import { watchJournal } from './journal.ts'

/** How a receiver answers one request; a bare number is a status. */
export type ReceiverStep = number | ReceiverAnswer

interface ReceiverAnswer {
  /** Default: 200, or 302 with `redirect`. */
  status?: number
  headers?: Record<string, string>
  body?: string
  delayMs?: number
  redirect?: string
  /** `reset`, `end`: RST or FIN once the request was read. `hang`: no answer. */
  fault?: 'reset' | 'end' | 'hang'
  /** Bytes to send instead of an HTTP answer, e.g. `SSH-2.0-x\r\n`; the connection ends after them. */
  raw?: string
}

const stepOf = (answer: ReceiverStep): simulator.ReceiverStep => {
  if (typeof answer === 'number') return answer
  const { headers, body = '', delayMs = 0, redirect, fault, raw } = answer
  const { status = redirect === undefined ? 200 : 302 } = answer
  const send = (response: ServerResponse): void => {
    const { socket } = response
    if (raw !== undefined) socket?.end(raw)
    else if (fault === 'reset') socket?.resetAndDestroy()
    else if (fault === 'end') socket?.end()
    else if (fault === undefined && !response.destroyed)
      response.writeHead(status, { ...(redirect && { location: redirect }), ...headers }).end(body)
  }
  return {
    status: raw === undefined && fault === undefined ? status : null,
    send: response => (delayMs === 0 ? send(response) : void setTimeout(send, delayMs, response).unref()),
  }
}

/** The simulator's receiver, with answers that fail in more ways than a status, and ways to wait. */
export const openReceiver = async (options: simulator.ReceiverOptions) => {
  const secrets = [...options.secrets]
  const { plan, ...receiver } = await simulator.openReceiver({ ...options, secrets })
  return {
    ...receiver,
    plan: (path: string, steps: readonly ReceiverStep[]): void => plan(path, steps.map(stepOf)),
    /** Replaces the secrets, e.g. after a rotation. */
    trust: (next: readonly string[]): void => void secrets.splice(0, secrets.length, ...next),
    waitFor: watchJournal('delivery', { entries: receiver.received, events: receiver.events }).waitFor,
  }
}
