/**
 * A `traceparent` of W3C Trace Context in version 00: `00-<trace>-<span>-<flags>`, in lower-case hexadecimal. It says to which
 * trace a request belongs, and nothing else.
 */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-((?!0{32})[0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/** The only flag that the version 00 defines. */
const SAMPLED = 1

/** The header's value in version 00; null: there is none, or it is malformed. Of a later version it reads what 00 has, as W3C asks. */
export const readTraceparent = (text: string | undefined): string | null => {
  const [, version, traceId, spanId, flags = '', more] = TRACEPARENT.exec(text ?? '') ?? []
  if (version === undefined || (version === '00' && more !== undefined)) return null
  return `00-${traceId}-${spanId}-0${Number.parseInt(flags, 16) & SAMPLED}`
}
