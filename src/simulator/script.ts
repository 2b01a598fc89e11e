import { z } from 'zod'
import { answerOfTestSerial, readTestSerial } from '../core/test-serial.ts'

const milliseconds = z.int().min(0)
const score = z.union([z.string(), z.number(), z.null()])

const stepFields = {
  /** GetResult's code; 2 by default. */
  code: z.int().optional(),
  /** Any raw status (with code 2); `SUCCESS` by default. */
  status: z.string().optional(),
  msg: z.string().optional(),
  message: z.string().optional(),
  livingScore: score.optional(),
  similarity: score.optional(),
  format: z.enum(['json', 'xml']).optional(),
  delayMs: milliseconds.optional(),
  /**
   * `reset`: RST instead of an answer. `hang`: no answer at all. `cut`: a whole answer whose text is cut in half.
   * `badUtf8`: invalid UTF-8. `huge`: 70 KiB of valid answer in chunks.
   */
  fault: z.enum(['reset', 'hang', 'cut', 'badUtf8', 'huge']).optional(),
  /** An HTTP status with an HTML page, or with the answer of `code` if the step has one. */
  http: z.int().min(200).max(599).optional(),
  retryAfter: z.string().optional(),
  /** Sent unchanged, with status 200 unless `http` is set. */
  body: z.string().optional(),
}

const stepSchema = z.strictObject(stepFields)

/**
 * Script of a serial. First `steps`, one for each call. After that: until `hiddenMs` have passed since it was scripted
 * (a default script: since the serial's first call), 4061; until `afterMs` have passed, `ING`; then the script's own
 * fields.
 */
export const scriptSchema = z.strictObject({
  ...stepFields,
  hiddenMs: milliseconds.optional(),
  afterMs: milliseconds.optional(),
  /** Only one call gets a verdict; later calls get 4061. */
  once: z.boolean().optional(),
  steps: z.array(stepSchema).optional(),
})

/**
 * Answer of a whole account instead of its serials' scripts, even if the password is wrong: to every call, or to the
 * next `times`.
 */
export const accountScriptSchema = z.strictObject({
  ...stepFields,
  times: z.int().min(1).optional(),
  /** A limit of the vendor: only for calls above this many per second. */
  above: z.int().min(1).optional(),
})

export type Step = z.infer<typeof stepSchema>
export type Script = z.infer<typeof scriptSchema>
export type AccountScript = z.infer<typeof accountScriptSchema>

/** Returns the step for call number `index` (from 0) of a serial that was scripted `ageMs` ago. */
export const judgeStep = (
  { hiddenMs = 0, afterMs = 0, once: _, steps = [], ...last }: Script,
  index: number,
  ageMs: number,
): Step => {
  const { format, delayMs } = last
  const step = steps[index]
  if (step) return { format, ...step }
  if (Math.max(0, ageMs) < hiddenMs) return { format, delayMs, code: 4061 }
  return Math.max(0, ageMs) < afterMs ? { format, delayMs, status: 'ING' } : last
}

/**
 * Returns the script of a test serial: its end, after its duration. Only the service has deadlines, so `expire` answers
 * ING for ever here.
 */
export const scriptOfSerial = (idcardid: string): Script | null => {
  const serial = readTestSerial(idcardid)
  if (!serial) return null
  const { afterMs } = serial
  const end = answerOfTestSerial(serial, afterMs)
  if ('status' in end) return { afterMs, status: end.status }
  if (end.kind !== 'verdict') return { afterMs, code: end.code ?? 0 }
  const { status, livingScore, similarity } = end.verdict
  return { afterMs, status, livingScore, similarity }
}
