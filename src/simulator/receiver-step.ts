import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'

const CHUNK_BYTES = 16 * 1024

/** How a receiver answers one request; a bare number is a status. */
export type ReceiverStep = number | ReceiverAnswer

export interface ReceiverAnswer {
  /** 200 unless told, 302 with `redirect`. */
  status?: number
  headers?: Record<string, string>
  body?: string
  /** A body of this size, in chunks; `Infinity` never ends. */
  bodyBytes?: number
  delayMs?: number
  redirect?: string
  /**
   * `reset`, `end`: RST or FIN once the request was read. `hang`: no answer. `stall`: status and headers, then nothing.
   * `cut`: status, headers and half a body, then RST.
   */
  fault?: 'reset' | 'end' | 'hang' | 'stall' | 'cut'
  /** Bytes to send instead of an HTTP answer, e.g. `SSH-2.0-x\r\n`; the connection ends after them. */
  raw?: string
}

/** The status that is sent; null if none is. */
export const statusOf = ({ status, redirect, fault, raw }: ReceiverAnswer): number | null => {
  if (raw !== undefined || fault === 'reset' || fault === 'end' || fault === 'hang') return null
  return status ?? (redirect === undefined ? 200 : 302)
}

/** Answers one webhook as the step says. */
export const sendReceiverStep = (response: ServerResponse, step: ReceiverAnswer): void => {
  const { socket } = response
  if (step.raw !== undefined) {
    socket?.end(step.raw)
    return
  }
  switch (step.fault) {
    case 'hang':
      return
    case 'reset':
      socket?.resetAndDestroy()
      return
    case 'end':
      socket?.end()
      return
    case 'stall':
      writeHead(response, step)
      response.flushHeaders()
      return
    case 'cut':
      writeHead(response, { ...step, headers: { ...step.headers, 'content-length': '100' } })
      response.write('x'.repeat(50), () => socket?.resetAndDestroy())
      return
    case undefined:
      writeHead(response, step)
      if (step.bodyBytes === undefined) response.end(step.body ?? '')
      else Readable.from(chunksOf(step.bodyBytes)).pipe(response)
      return
    default:
      step.fault satisfies never
  }
}

const writeHead = (response: ServerResponse, step: ReceiverAnswer): void => {
  const location = step.redirect === undefined ? {} : { location: step.redirect }
  response.writeHead(statusOf(step) ?? 200, { ...location, ...step.headers })
}

function* chunksOf(size: number): Generator<Buffer> {
  const chunk = Buffer.alloc(CHUNK_BYTES, 'x')
  for (let left = size; left > 0; left -= CHUNK_BYTES) yield chunk.subarray(0, left)
}
