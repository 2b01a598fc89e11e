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
  /** The code it is answered with; null where the answer tells none (HTML, a reset, …). */
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
