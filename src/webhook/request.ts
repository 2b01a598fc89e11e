/** More than any webhook has: its `metadata` are 2 KiB at most. */
const MAX_BYTES = 64 * 1024

/** The bytes of a body, or why there are none; `parsed`: other code has read the body and not kept the bytes. */
export type Body = Uint8Array | 'too_large' | 'cut_off' | 'parsed'

const bounded = (bytes: Uint8Array): Body => (bytes.length > MAX_BYTES ? 'too_large' : bytes)

/** Collects chunks up to `MAX_BYTES`. */
const createCollector = () => {
  const chunks: Uint8Array[] = []
  let size = 0
  return {
    /** Returns false once there are too many bytes. */
    add: (chunk: Uint8Array): boolean => {
      size += chunk.length
      if (size <= MAX_BYTES) chunks.push(chunk)
      return size <= MAX_BYTES
    },
    end: (): Uint8Array => {
      const whole = new Uint8Array(size)
      let at = 0
      for (const chunk of chunks) {
        whole.set(chunk, at)
        at += chunk.length
      }
      return whole
    },
  }
}

/** Reads the body of a `Request` of Fetch. */
export const readRequest = async (request: Request): Promise<Body> => {
  if (request.bodyUsed) return 'parsed'
  const collector = createCollector()
  try {
    for await (const chunk of request.body ?? []) if (!collector.add(chunk)) return 'too_large'
    return collector.end()
  } catch {
    return 'cut_off'
  }
}

/** The used part of `http.IncomingMessage`, declared here so that the types need none of Node's. */
export interface NodeRequest {
  method?: string | undefined
  headers: Readonly<Record<string, string | string[] | undefined>>
  readableDidRead?: boolean | undefined
  readableEnded?: boolean | undefined
  destroyed?: boolean | undefined
  // biome-ignore lint/suspicious/noExplicitAny: as Node declares it; with anything else its requests would not fit.
  on(event: string, listener: (...values: any[]) => void): unknown
}

/** The used part of `http.ServerResponse`. */
export interface NodeResponse {
  readonly headersSent: boolean
  writeHead(status: number, headers: Record<string, string>): unknown
  end(text?: string): unknown
}

/**
 * Reads the body of a request of `node:http`, or takes the bytes that a raw body parser has read: `body` of
 * `express.raw()`, `rawBody` of platforms that parse by themselves.
 */
export const readNodeRequest = (request: NodeRequest & { body?: unknown; rawBody?: unknown }): Promise<Body> => {
  for (const read of [request.rawBody, request.body]) {
    if (read instanceof Uint8Array) return Promise.resolve(bounded(read))
    if (typeof read === 'string') return Promise.resolve(bounded(new TextEncoder().encode(read)))
  }
  // A stream that has ended, or is gone, emits nothing any more.
  if (request.readableDidRead) return Promise.resolve('parsed')
  if (request.readableEnded) return Promise.resolve(new Uint8Array())
  if (request.destroyed) return Promise.resolve('cut_off')
  const collector = createCollector()
  return new Promise(resolve => {
    request.on('data', (chunk: Uint8Array) => {
      if (!collector.add(chunk)) resolve('too_large')
    })
    request.on('end', () => resolve(collector.end()))
    for (const event of ['error', 'close']) request.on(event, () => resolve('cut_off'))
  })
}
