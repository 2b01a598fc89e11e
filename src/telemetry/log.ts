import { maskSerial } from '../core/registration.ts'
import { describeError } from './describe-error.ts'
import type { Level } from './event-fields.ts'
import { createStdout, type Destination } from './stdout.ts'

/** From the most lines to the fewest: `trace` writes all of them, `silent` none. */
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

interface LogOptions {
  level: (typeof LEVELS)[number]
  /** Standard output unless given. */
  destination?: Destination
  version?: string
  /** Epoch ms. */
  now: () => number
}

interface LoggedEvent {
  name: string
  level: Level
  fields: Readonly<Record<string, unknown>>
}

const REDACTED = '[redacted]'
const NEVER_LOGGED = new Set([
  ...['authorization', 'password', 'secret', 'token', 'signature', 'signatures', 'headers', 'apiKey', 'signingSecret'],
  ...['masterKey', 'adminToken', 'metricsToken', 'body', 'result', 'livingScore', 'similarity'],
  ...['metadata', 'responseExcerpt'],
])
const DEEPEST = 5

/**
 * Creates the listener that writes one JSON line per event. It describes errors, writes URLs as their host, and writes
 * `[redacted]` for the fields of `NEVER_LOGGED`.
 */
export const createLog = ({ level: least, destination = createStdout(), version, now }: LogOptions) => {
  const written = new Set<string>(LEVELS.slice(LEVELS.indexOf(least)))
  return ({ name, level, fields }: LoggedEvent): void => {
    if (!written.has(level)) return
    const line = { level, time: new Date(now()).toISOString(), version, event: name }
    destination.write(`${textOf(line, fields)}\n`)
  }
}

/** Never throws: if a field cannot be written, the line says so instead. */
const textOf = (line: Record<string, unknown>, fields: Readonly<Record<string, unknown>>): string => {
  try {
    return JSON.stringify(printFields(line, fields, 0))
  } catch (error) {
    const { level, time, version, event } = line
    return JSON.stringify({ level, time, version, event, unprintable: describeError(error) })
  }
}

/** Adds to `line` instead of copying it: each attempt has a line, and copies would cost more than all the rest. */
const printFields = (
  line: Record<string, unknown>,
  fields: Readonly<Record<string, unknown>>,
  depth: number,
): Record<string, unknown> => {
  for (const key in fields) line[key] = printField(key, fields[key], depth)
  return line
}

const printField = (key: string, value: unknown, depth: number): unknown => {
  if (key === 'idcardid' && typeof value === 'string') return maskSerial(value)
  if (key === 'callbackUrl' && typeof value === 'string') return URL.parse(value)?.host ?? REDACTED
  return NEVER_LOGGED.has(key) && value !== null && value !== undefined ? REDACTED : printValue(value, depth + 1)
}

const printValue = (value: unknown, depth: number): unknown => {
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Error) return describeError(value)
  if (value instanceof URL) return value.host
  if ('toJSON' in value && !Buffer.isBuffer(value)) return value
  if (depth >= DEEPEST || ArrayBuffer.isView(value)) return '[object]'
  if (Array.isArray(value)) return value.map(item => printValue(item, depth + 1))
  return printFields({}, value as Record<string, unknown>, depth)
}
