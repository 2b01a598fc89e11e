/** As much of an answer's body as is kept, in bytes. */
export const EXCERPT_BYTES = 1024

const COMPRESSED = '[compressed, not decoded]'

/** Controls but tab and newline, marks that turn text around or hide in it, and separators that some take for a new line. */
const HARMFUL = /[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]--[\t\n]]/gv

const FIRST_CONTINUATION = 0x80
const FIRST_LEAD = 0xc0

/** Where to cut so that no character is cut in two; bytes that are not UTF-8 anyway are left to the decoder. */
const wholeLength = (bytes: Buffer): number => {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] as number
    if (byte < FIRST_CONTINUATION) return bytes.length
    if (byte < FIRST_LEAD) continue
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
    return back < needed ? bytes.length - back : bytes.length
  }
  return bytes.length
}

/**
 * The beginning of an answer's body as text that can be stored, logged and shown (escaped as any text): valid UTF-8,
 * without control characters. Null where there is no body; a compressed one is not decoded.
 */
export const readExcerpt = (chunks: readonly Buffer[], contentEncoding: string | null): string | null => {
  if (chunks.length === 0) return null
  if (contentEncoding !== null && contentEncoding.trim().toLowerCase() !== 'identity') return COMPRESSED
  const bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)
  const whole = bytes.length >= EXCERPT_BYTES ? bytes.toString('utf8', 0, wholeLength(bytes)) : bytes.toString('utf8')
  return whole.replaceAll('\r\n', '\n').replace(HARMFUL, '\ufffd')
}
