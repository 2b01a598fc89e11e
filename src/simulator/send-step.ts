import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { formatAnswer } from './answer-body.ts'
import type { Step } from './script.ts'

const HUGE_BYTES = 70 * 1024
const HTML = '<!doctype html><html><head><title>Error</title></head><body><h1>Service error</h1></body></html>'

/** Answers one GetResult call as the step says, faults included. `date` is the simulated clock's Date header. */
export const sendStep = (response: ServerResponse, step: Step, date: string): void => {
  if (step.fault === 'hang') return
  if (step.fault === 'reset') {
    response.socket?.resetAndDestroy()
    return
  }
  const body = Buffer.from(textOf(step))
  const send = (status: number, headers: Record<string, string>, bytes: Buffer = body) => {
    writeHead(response, step, { status, headers: { date, 'content-length': String(bytes.length), ...headers } })
    return bytes
  }
  switch (step.fault) {
    case 'stall':
      response.write(half(send(200, {})))
      return
    case 'truncated':
      // The connection ends when the half has left; otherwise the client would see no answer at all.
      response.write(half(send(200, {})), () => response.socket?.destroySoon())
      return
    case 'cut':
      response.end(send(200, {}, half(body)))
      return
    case 'badUtf8':
      response.end(send(200, {}, withBadUtf8(body)))
      return
    case 'gzip':
      response.end(send(200, { 'content-encoding': 'gzip' }, gzipSync(body)))
      return
    case 'huge':
      writeHead(response, step, { status: 200, headers: { date } })
      response.write(body)
      response.end(' '.repeat(HUGE_BYTES - body.length))
      return
    case 'html':
    case 'empty':
    case undefined:
      response.end(send(step.redirect === undefined ? (step.http ?? 200) : (step.http ?? 302), {}))
      return
    default:
      step.fault satisfies never
  }
}

const textOf = (step: Step): string => {
  if (step.body !== undefined) return step.body
  if (step.fault === 'empty') return ''
  return isPage(step) ? HTML : formatAnswer(step)
}

const isPage = (step: Step): boolean =>
  step.fault === 'html' || step.redirect !== undefined || (step.http !== undefined && step.code === undefined)

interface Head {
  status: number
  headers: Record<string, string>
}

const writeHead = (response: ServerResponse, step: Step, head: Head): void => {
  const headers: Record<string, string> = { 'content-type': contentTypeOf(step), ...head.headers }
  if (step.retryAfter !== undefined) headers['retry-after'] = step.retryAfter
  if (step.redirect !== undefined) headers.location = step.redirect
  response.writeHead(head.status, step.headers ? { ...headers, ...step.headers } : headers)
}

const contentTypeOf = (step: Step): string => {
  if (isPage(step)) return 'text/html; charset=utf-8'
  return step.format === 'xml' ? 'text/xml; charset=utf-8' : 'application/json; charset=utf-8'
}

const half = (bytes: Buffer): Buffer => bytes.subarray(0, Math.ceil(bytes.length / 2))

/** Well-formed for a reader that replaces bad bytes, and then a verdict, so that such a reader gives itself away. */
const withBadUtf8 = (body: Buffer): Buffer => {
  const at = body.indexOf('查')
  return at < 0 ? Buffer.concat([body, Buffer.from([0xff])]) : Buffer.from(body).fill(0xff, at, at + 3)
}
