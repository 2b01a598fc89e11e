import type { IncomingMessage } from 'node:http'
import { type PasswordMode, readPasswordMode } from './credentials.ts'
import type { Step } from './script.ts'

/** One GetResult call, as the simulator saw it. Nothing of the password is kept. */
export interface Call {
  idcardid: string | null
  apiId: string | null
  method: string
  /** When its last byte had come, epoch ms on the clock of `now`. */
  at: number
  /** Null where no password came. */
  passwordMode: PasswordMode | null
  /** The parameter as it came. */
  time: string | null
  /** The code of the answer; null if it has none (HTML, a reset, …). */
  code: number | null
  /** The answer in a word: `2 ING`, `4061`, `http 503`, `redirect`, `reset`. */
  answer: string
}

export const describeCall = (
  parameters: URLSearchParams,
  { method, at, step }: { method: string; at: number; step: Step },
): Call => ({
  idcardid: parameters.get('idcardid'),
  apiId: parameters.get('account'),
  method,
  at,
  passwordMode: parameters.get('password') ? readPasswordMode(parameters) : null,
  time: parameters.get('time'),
  ...describeAnswer(step),
})

const describeAnswer = (step: Step): Pick<Call, 'code' | 'answer'> => {
  const { fault, http, redirect, body, code = 2 } = step
  if (fault) return { code: null, answer: fault }
  if (redirect !== undefined) return { code: null, answer: 'redirect' }
  if (http !== undefined) return { code: step.code ?? null, answer: `http ${http}` }
  if (body !== undefined) return { code: null, answer: 'body' }
  const word = step.result ?? step.status ?? 'SUCCESS'
  return { code, answer: code === 2 ? `2 ${word}` : String(code) }
}

const MAX_BODY_BYTES = 64 * 1024
const FORM = 'application/x-www-form-urlencoded'

/**
 * A call's parameters: the query of a GET, the form of a POST (no other content type carries any). For a body over 64 KiB, or one
 * that breaks off, `done` is never called. It is a callback because a promise for each call would slow the benchmarks.
 */
export const readParameters = (request: IncomingMessage, done: (parameters: URLSearchParams) => void): void => {
  const url = request.url ?? ''
  if (request.method === 'GET') {
    const mark = url.indexOf('?')
    done(new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)))
    return
  }
  const isForm = request.headers['content-type']?.toLowerCase().startsWith(FORM) ?? false
  let text = ''
  request.setEncoding('utf8')
  request.on('data', (chunk: string) => {
    text += chunk
    if (text.length > MAX_BODY_BYTES) request.destroy()
  })
  request.on('end', () => done(new URLSearchParams(isForm ? text : '')))
}
