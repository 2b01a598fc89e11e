import { type Body, bounded, createCollector } from './body.ts'

/** What is needed of `http.IncomingMessage`; named here, so that the types do without those of Node. */
export interface NodeRequest {
  method?: string | undefined
  headers: Readonly<Record<string, string | string[] | undefined>>
  readableDidRead?: boolean | undefined
  readableEnded?: boolean | undefined
  destroyed?: boolean | undefined
  // biome-ignore lint/suspicious/noExplicitAny: as Node declares it; with anything else its requests would not fit.
  on(event: string, listener: (...values: any[]) => void): unknown
}

/** What is needed of `http.ServerResponse`. */
export interface NodeResponse {
  readonly headersSent: boolean
  writeHead(status: number, headers: Record<string, string>): unknown
  end(text?: string): unknown
}

/**
 * Reads the body of a request of `node:http`, or takes what a parser of raw bodies has read: `body` of `express.raw()`,
 * `rawBody` of the platforms that parse by themselves.
 */
export const readNodeRequest = (request: NodeRequest & { body?: unknown; rawBody?: unknown }): Promise<Body> => {
  for (const read of [request.rawBody, request.body]) {
    if (read instanceof Uint8Array) return Promise.resolve(bounded(read))
    if (typeof read === 'string') return Promise.resolve(bounded(new TextEncoder().encode(read)))
  }
  // A stream that has ended, or is gone, tells nothing any more.
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
