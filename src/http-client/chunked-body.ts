export interface ChunkedBody {
  /**
   * Reads the bytes from `start` on. Returns the index after the body's last byte, -1 if more must come, or null if this is
   * no chunked body.
   */
  push(bytes: Buffer, start: number): number | null
}

/** Of a line: a chunk's size with its extensions, or a trailer. */
const MAX_LINE_BYTES = 4 * 1024
/** With extensions as in the RFC, but without the blanks that it tolerates around `;` and `=`. */
const SIZE =
  /^([\da-f]{1,8})(?:;[!#$%&'*+\-.^_`|~\da-z]+(?:=(?:[!#$%&'*+\-.^_`|~\da-z]+|"(?:[\t\x20!#-[\]-~\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"))?)*\r\n$/i
/** Not a header that tells the body's length: it would come too late. */
const TRAILER = /^(?!content-length:|transfer-encoding:)[!#$%&'*+\-.^_`|~\da-z]+:[\t\x20-\x7e\x80-\xff]*\r\n$/i
const LF = 0x0a

/** Reads a body in chunks (RFC 9112, 7.1). Extensions and trailers are checked and dropped. */
export const createChunkedBody = (onData: (bytes: Buffer) => void): ChunkedBody => {
  /** Bytes left of the present chunk; null: within a line. */
  let left: number | null = null
  let line = ''
  let expects: 'size' | 'end' | 'trailer' = 'size'

  /** False: the line is not one of those that may stand here. */
  const endLine = (): boolean => {
    const text = line
    line = ''
    if (expects === 'end') {
      expects = 'size'
      return text === '\r\n'
    }
    if (expects === 'trailer') return TRAILER.test(text)
    const size = SIZE.exec(text)?.[1]
    if (size === undefined) return false
    left = Number.parseInt(size, 16)
    expects = 'end'
    if (left > 0) return true
    left = null
    expects = 'trailer'
    return true
  }

  return {
    push: (bytes, start) => {
      let at = start
      while (at < bytes.length) {
        if (left !== null) {
          const data = bytes.subarray(at, at + left)
          at += data.length
          left = left > data.length ? left - data.length : null
          onData(data)
          continue
        }
        const end = bytes.indexOf(LF, at)
        line += bytes.toString('latin1', at, end < 0 ? bytes.length : end + 1)
        if (line.length > MAX_LINE_BYTES) return null
        if (end < 0) return -1
        at = end + 1
        if (expects === 'trailer' && line === '\r\n') return at
        if (!endLine()) return null
      }
      return -1
    },
  }
}
