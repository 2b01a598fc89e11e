import { type ResponseHead, readHead } from './response-head.ts'

/** Called in this order, `onData` any number of times; nothing after `onEnd`, `onFault` or a reset. */
interface ResponseEvents {
  onHead(head: ResponseHead): void
  onData(bytes: Buffer): void
  /** `isClean`: no byte followed the response. */
  onEnd(isClean: boolean): void
  onFault(detail: ResponseFault): void
}

/** Why the bytes are not one response to one request. */
export type ResponseFault = 'head' | 'head_size' | 'upgrade' | 'informational' | 'chunk' | 'unasked'

const MAX_INFORMATIONAL = 8
const HEAD_END = Buffer.from('\r\n\r\n')
const NOTHING = Buffer.alloc(0)
const UPGRADED = 101
const VERSION = 'HTTP/1.'

/**
 * Reads the HTTP/1.1 responses (RFC 9112) of one connection, one for each `begin`. Only chunks are decoded.
 *
 * @param limits.headBytes maximum bytes of a head, its empty line included
 */
export const createResponseParser = (events: ResponseEvents, limits: { headBytes: number }) => {
  let state: 'idle' | 'head' | 'body' = 'idle'
  /** An incomplete head. */
  let partial: Buffer = NOTHING
  let informational = 0
  /** Bytes left of a body without chunks; infinite: it ends with the connection. */
  let left = 0
  let chunked: ReturnType<typeof createChunkedBody> | null = null

  /** Further bytes belong to no request. */
  const reset = () => {
    state = 'idle'
    partial = NOTHING
    chunked = null
  }
  const fail = (fault: ResponseFault) => {
    reset()
    events.onFault(fault)
  }
  const finish = (isClean: boolean) => {
    reset()
    events.onEnd(isClean)
  }

  /** A listener may have reset the parser during a read. */
  const takeData = (bytes: Buffer) => {
    if (state === 'body') events.onData(bytes)
  }

  const takeHead = (head: ResponseHead, rest: Buffer): void => {
    if (head.status < 200 && head.status !== UPGRADED) takeInformational(head, rest)
    else if (head.status === UPGRADED) fail('upgrade')
    else takeFinal(head, rest)
  }

  /** An informational response that announces the end of the connection cannot be followed by the final one. */
  const takeInformational = ({ keepAlive }: ResponseHead, rest: Buffer): void => {
    if (++informational > MAX_INFORMATIONAL || !keepAlive) fail('informational')
    else if (rest.length > 0) takeHeadBytes(rest)
  }

  const takeFinal = (head: ResponseHead, rest: Buffer): void => {
    state = 'body'
    chunked = head.body === 'chunked' ? createChunkedBody(takeData) : null
    left = head.body === 'until_close' ? Number.POSITIVE_INFINITY : typeof head.body === 'number' ? head.body : 0
    events.onHead(head)
    if (state === 'body') takeBody(rest)
  }

  const takeHeadBytes = (bytes: Buffer): void => {
    const searched = Math.max(0, partial.length - HEAD_END.length + 1)
    const isFirst = partial.length === 0
    const all = isFirst ? bytes : Buffer.concat([partial, bytes])
    const end = all.indexOf(HEAD_END, searched)
    const length = end + HEAD_END.length
    // A copy: the read buffer is used again.
    if (end < 0) takePartial(isFirst ? Buffer.from(bytes) : all)
    else if (length > limits.headBytes) failLong(all)
    else {
      partial = NOTHING
      const head = readHead(all.toString('latin1', 0, length))
      if (head === null) fail('head')
      else takeHead(head, all.subarray(length))
    }
  }

  const isHttp = (bytes: Buffer): boolean => VERSION.startsWith(bytes.toString('latin1', 0, VERSION.length))
  const failLong = (bytes: Buffer) => fail(isHttp(bytes) ? 'head_size' : 'head')

  const takePartial = (bytes: Buffer): void => {
    // A peer that speaks another protocol may never send an empty line, and waits for us.
    if (bytes.length >= limits.headBytes || !isHttp(bytes)) failLong(bytes)
    else partial = bytes
  }

  const takeBody = (bytes: Buffer): void => {
    if (!chunked) {
      takePlain(bytes)
      return
    }
    const end = chunked(bytes)
    if (state !== 'body') return
    if (end === null) fail('chunk')
    else if (end >= 0) finish(end === bytes.length)
  }

  const takePlain = (bytes: Buffer): void => {
    const data = left < bytes.length ? bytes.subarray(0, left) : bytes
    left -= data.length
    if (data.length > 0) events.onData(data)
    if (left === 0 && state === 'body') finish(data.length === bytes.length)
  }

  return {
    /** Call before a request is written: all further bytes are its response. */
    begin: () => {
      reset()
      state = 'head'
      informational = 0
    },
    push: (bytes: Buffer) => {
      if (state === 'head') takeHeadBytes(bytes)
      else if (state === 'body') takeBody(bytes)
      else fail('unasked')
    },
    /** Call when the peer has sent its last byte. Returns true if that ended the response, after calling `onEnd`. */
    end: () => {
      const isEnd = state === 'body' && left === Number.POSITIVE_INFINITY
      if (isEnd) finish(true)
      return isEnd
    },
    reset,
  }
}

/** Maximum bytes of a line: a chunk's size with its extensions, or a trailer. */
const MAX_LINE_BYTES = 4 * 1024
/** With extensions as in the RFC, but without the blanks that it tolerates around `;` and `=`. */
const SIZE =
  /^([\da-f]{1,8})(?:;[!#$%&'*+\-.^_`|~\da-z]+(?:=(?:[!#$%&'*+\-.^_`|~\da-z]+|"(?:[\t\x20!#-[\]-~\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"))?)*\r\n$/i
/** Excludes headers that set the body's length: they would come too late. */
const TRAILER = /^(?!content-length:|transfer-encoding:)[!#$%&'*+\-.^_`|~\da-z]+:[\t\x20-\x7e\x80-\xff]*\r\n$/i
const LF = 0x0a

/**
 * Reads a chunked body (RFC 9112, 7.1). Extensions and trailers are checked and dropped. Returns a function that takes
 * bytes and returns the index after the body's last byte, -1 if more must come, or null if this is no chunked body.
 */
const createChunkedBody = (onData: (bytes: Buffer) => void) => {
  /** Bytes left of the current chunk; null: within a line. */
  let left: number | null = null
  let line = ''
  let expects: 'size' | 'end' | 'trailer' = 'size'

  /** Returns false if the line is not valid here. */
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

  return (bytes: Buffer): number | null => {
    let at = 0
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
  }
}
