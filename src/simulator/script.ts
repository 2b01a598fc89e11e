import { z } from 'zod'
import { readTestSerial } from '../core/test-serial.ts'

const milliseconds = z.int().min(0)
const score = z.union([z.string(), z.number(), z.null()])

const stepFields = {
  /** GetResult's code; 2 unless told. */
  code: z.int().optional(),
  /** Send the code as `"2"`. */
  codeAsString: z.boolean().optional(),
  /** Any raw status (with code 2); `SUCCESS` unless told. */
  status: z.string().optional(),
  msg: z.string().optional(),
  message: z.string().optional(),
  livingScore: score.optional(),
  similarity: score.optional(),
  /** With code 2, something unusable instead of the result: no such member, `[]`, `""` or null. */
  result: z.enum(['missing', 'array', 'string', 'null']).optional(),
  format: z.enum(['json', 'xml']).optional(),
  /** The XML root's `xmlns`. */
  namespace: z.string().optional(),
  delayMs: milliseconds.optional(),
  /**
   * `reset`: RST instead of an answer. `hang`: no answer at all. `stall`: half a body, then nothing. `truncated`: half of
   * the promised body, then the connection ends. `cut`: a whole answer whose text is cut in half. `html`, `empty`,
   * `badUtf8`, `gzip`: such a body. `huge`: 70 KiB of valid answer in chunks.
   */
  fault: z.enum(['reset', 'hang', 'stall', 'truncated', 'cut', 'html', 'empty', 'badUtf8', 'gzip', 'huge']).optional(),
  /** An HTTP status with an HTML page; with `code` in the same step, with that answer as its body. */
  http: z.int().min(200).max(599).optional(),
  retryAfter: z.string().optional(),
  /** 302 to this URL. */
  redirect: z.string().optional(),
  /** Sent as it is, with status 200 unless `http` says otherwise. */
  body: z.string().optional(),
  /** Override the simulator's own, e.g. `content-type` or `date`. */
  headers: z.record(z.string(), z.string()).optional(),
}

const stepSchema = z.strictObject(stepFields)

/**
 * What a serial answers. First `codes`, then `steps`, one for each call; a step without a status takes the one of its time. After
 * that: until `afterMs` have passed since it was scripted (a default script: since the serial's first call), code 2 with the statuses
 * of `before` in turn, each for an equal part of the time; then the script's own fields.
 */
export const scriptSchema = z.strictObject({
  ...stepFields,
  afterMs: milliseconds.optional(),
  before: z.array(z.string()).min(1).optional(),
  codes: z.array(z.int()).optional(),
  steps: z.array(stepSchema).optional(),
})

/** What a whole account answers instead of its serials' scripts, whether or not the password is right: to every call, or to the next `times`. */
export const accountScriptSchema = z.strictObject({ ...stepFields, times: z.int().min(1).optional() })

export type Step = z.infer<typeof stepSchema>
export type Script = z.infer<typeof scriptSchema>
export type AccountScript = z.infer<typeof accountScriptSchema>

/** A serial with neither a script nor a default. */
export const NOT_FOUND: Step = { code: 4061 }

/** The step for call number `index` (from 0) of a serial that was scripted `ageMs` ago. */
export const judgeStep = (script: Script, index: number, ageMs: number): Step => {
  const { afterMs = 0, before = ['ING'], codes = [], steps = [], ...last } = script
  const { format, namespace, codeAsString, delayMs } = last
  const manner: Step = { format, namespace, codeAsString, delayMs }
  // Undefined once the time is over: the index is past the end, or not finite if `afterMs` is 0.
  const status = before[Math.floor((Math.max(0, ageMs) / afterMs) * before.length)]
  const current = status !== undefined ? { ...manner, status } : last
  if (index < codes.length) return { ...withoutFault(current), code: codes[index] }
  const step = steps[index - codes.length]
  return step ? { ...withoutFault(current), ...step } : current
}

const withoutFault = ({ code, result, fault, http, retryAfter, redirect, body, ...step }: Step): Step => step

/**
 * The script of a test serial: a verdict, or 4061, after its duration. `expire` answers ING for ever, as GetResult does for a
 * link that nobody uses; the deadline is the service's own, so the duration of `expire` changes nothing here.
 */
export const scriptOfSerial = (idcardid: string): Script | null => {
  const serial = readTestSerial(idcardid)
  if (!serial) return null
  const { outcome, afterMs } = serial
  switch (outcome) {
    case 'success':
      return { afterMs, status: 'SUCCESS' }
    case 'fail':
      return { afterMs, status: 'FAIL' }
    case 'notfound':
      return { afterMs, code: 4061 }
    case 'expire':
      return { status: 'ING' }
    default:
      return outcome satisfies never
  }
}
