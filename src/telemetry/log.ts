import { writeSync } from 'node:fs'
import { AppError } from '../core/error.ts'
import type { Level } from './events.ts'

/** Of an error only what can hold neither a URL, nor a row, nor a secret. */
export interface ErrorDescription {
  name: string
  code?: string | number
  message?: string
}

/** From the most to the least that is written; of `silent` nothing. */
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

interface LoggedEvent {
  name: string
  level: Level
  fields: Readonly<Record<string, unknown>>
}

interface Destination {
  /** Takes one line, with its end. */
  write(line: string): void
}

interface LogOptions {
  level: (typeof LEVELS)[number]
  destination?: Destination
  version?: string
  /** Epoch ms. */
  now: () => number
}

const REDACTED = '[redacted]'
const NEVER_LOGGED = new Set([
  ...['authorization', 'password', 'secret', 'token', 'signature', 'signatures', 'headers', 'apiKey', 'signingSecret'],
  ...['masterKey', 'adminToken', 'metricsToken', 'body', 'result', 'livingScore', 'similarity'],
  ...['metadata', 'responseExcerpt'],
])
const DEEPEST = 5
const LONGEST_MESSAGE = 300

/**
 * A listener that writes one JSON line for each event. Errors among the fields are described, URLs become their host, and
 * a field whose name says that it must not be in a log becomes `[redacted]`.
 */
export const createLog = ({ level: least, destination = createStdout(), version, now }: LogOptions) => {
  const timestamp = createTimestamp(now)
  const written = new Set<string>(LEVELS.slice(LEVELS.indexOf(least)))
  return ({ name, level, fields }: LoggedEvent): void => {
    if (!written.has(level)) return
    const line = { level, time: timestamp(), version, event: name }
    destination.write(`${textOf(line, fields)}\n`)
  }
}

/** Whatever is logged, logging it must not fail. */
const textOf = (line: Record<string, unknown>, fields: Record<string, unknown>): string => {
  try {
    return JSON.stringify(printableFields(line, fields, 0))
  } catch (error) {
    const { level, time, version, event } = line
    return JSON.stringify({ level, time, version, event, unprintable: describeError(error) })
  }
}

/** Under load many lines come in the same ms, and writing a date costs as much as all the rest of a line. */
const createTimestamp = (now: () => number) => {
  let last: number | null = null
  let text = ''
  return (): string => {
    const at = now()
    if (at !== last) {
      last = at
      text = new Date(at).toISOString()
    }
    return text
  }
}

/** The last two digits of a serial, nothing more: `**36`. */
export const maskSerial = (idcardid: string): string => (idcardid.length > 3 ? `**${idcardid.slice(-2)}` : '**')

const printable = (value: unknown, depth: number): unknown => {
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Error) return describeError(value)
  if (value instanceof URL) return value.host
  if ('toJSON' in value && !Buffer.isBuffer(value)) return value
  if (depth >= DEEPEST || ArrayBuffer.isView(value)) return '[object]'
  if (Array.isArray(value)) return value.map(item => printable(item, depth + 1))
  return printableFields({}, value as Record<string, unknown>, depth)
}

/** Written into `line`: a log line is made for every attempt, and entries and their copies cost more than all the rest. */
const printableFields = (line: Record<string, unknown>, fields: Record<string, unknown>, depth: number) => {
  for (const key in fields) line[key] = printableField(key, fields[key], depth)
  return line
}

const printableField = (key: string, value: unknown, depth: number): unknown => {
  if (key === 'idcardid' && typeof value === 'string') return maskSerial(value)
  if (key === 'callbackUrl' && typeof value === 'string') return URL.parse(value)?.host ?? REDACTED
  return NEVER_LOGGED.has(key) && value !== null && value !== undefined ? REDACTED : printable(value, depth + 1)
}

/**
 * What may be said about an error. Drivers put parameters, rows and URLs into their messages, so only our own errors
 * and those of the language keep theirs; a wrapper without a code takes that of its cause.
 */
export const describeError = (error: unknown): ErrorDescription => {
  if (!(error instanceof Error)) return { name: `Thrown ${typeof error}` }
  const name = error.name === 'Error' ? error.constructor.name : error.name
  const code = codeOf(error) ?? codeOf(error.cause)
  const described: ErrorDescription = { name: isPlain(name) ? name : 'Error', ...(code === undefined ? {} : { code }) }
  return hasOwnWords(error) ? { ...described, message: shorten(error.message) } : described
}

const isPlain = (text: string): boolean => /^[\w.-]{1,64}$/.test(text)

const codeOf = (error: unknown): string | number | undefined => {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'number' || (typeof code === 'string' && isPlain(code)) ? code : undefined
}

/** A class of one's own, a code or further properties mean that a library made it. A SyntaxError quotes what it read. */
const hasOwnWords = (error: Error): boolean =>
  error instanceof AppError ||
  ([Error, TypeError, RangeError, ReferenceError].some(kind => error.constructor === kind) &&
    Object.keys(error).length === 0)

const shorten = (message: string): string =>
  message
    .replaceAll(/\b[a-z][a-z0-9+.-]*:\/\/\S*/gi, '[url]')
    .replaceAll(/\d{6,}/g, maskSerial)
    .slice(0, LONGEST_MESSAGE)

const RETRIES = 500
const RETRY_PAUSE_MS = 2
const MOST_BUFFERED = 64 * 1024

/**
 * Writes the lines of one turn of the event loop together, at its end or when the process exits, so that a crash loses
 * none but a kill. Lines that cannot be written (a closed pipe, a full disk, a reader that stands still) are lost, the
 * service goes on, and later lines are written again as soon as that is possible.
 */
const createStdout = (): Destination => {
  const write = createStdoutWriter()
  let lines = ''
  const flush = () => {
    const text = lines
    lines = ''
    if (text !== '') write(text)
  }
  process.on('exit', flush)
  return {
    write(line) {
      if (lines === '') setImmediate(flush)
      lines += line
      if (lines.length > MOST_BUFFERED) flush()
    },
  }
}

const createStdoutWriter = () => {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  let torn = false
  let stuck = false
  return (text: string): void => {
    const bytes = Buffer.from(torn ? `\n${text}` : text)
    let written = 0
    for (let retries = stuck ? 0 : RETRIES; written < bytes.length; ) {
      try {
        written += writeSync(1, bytes, written)
      } catch (error) {
        if (codeOf(error) !== 'EAGAIN' || retries-- <= 0) break
        Atomics.wait(pause, 0, 0, RETRY_PAUSE_MS)
      }
    }
    stuck = written < bytes.length
    if (written > 0) torn = stuck
  }
}
