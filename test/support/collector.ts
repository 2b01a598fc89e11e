import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { createJournal } from '../../src/simulator/journal.ts'
import { watchJournal } from './journal.ts'
import { listen } from './listen.ts'

export const SERVER = 2
export const CLIENT = 3
export const ERROR_STATUS = 2

/** A span as a collector gets it, with its attributes as an object. */
export interface CollectedSpan {
  name: string
  kind: number
  traceId: string
  spanId: string
  parentSpanId?: string
  links: { traceId: string; spanId: string }[]
  attributes: Record<string, string | number>
  status: { code: number }
  resource: Record<string, string | number>
}

interface KeyValue {
  key: string
  value: { stringValue?: string; intValue?: number }
}
type SentSpan = Omit<CollectedSpan, 'attributes' | 'links' | 'resource'> & {
  attributes: KeyValue[]
  links?: CollectedSpan['links']
}
interface Sent {
  resourceSpans: { resource: { attributes: KeyValue[] }; scopeSpans: { spans: SentSpan[] }[] }[]
}

const objectOf = (pairs: readonly KeyValue[]) =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, value.stringValue ?? value.intValue ?? Number.NaN]))

const spansOf = ({ resourceSpans }: Sent): CollectedSpan[] =>
  resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(span => ({
        ...span,
        attributes: objectOf(span.attributes),
        links: (span.links ?? []).map(({ traceId, spanId }) => ({ traceId, spanId })),
        resource: objectOf(resource.attributes),
      })),
    ),
  )

/** A collector of OpenTelemetry on a free port of this machine, which keeps the spans that it accepts. */
export const openCollector = async () => {
  const journal = createJournal<CollectedSpan>('span')
  const requests: { path: string; headers: IncomingHttpHeaders; body: string }[] = []
  /** A status, or null: no answer at all. */
  let status: number | null = 200

  const take = (body: string, response: ServerResponse) => {
    if (status === null) return
    if (status === 200) for (const span of spansOf(JSON.parse(body) as Sent)) journal.add(span)
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
  }
  const server = createServer(async (request, response) => {
    const body = await text(request)
    requests.push({ path: request.url ?? '', headers: request.headers, body })
    take(body, response)
  })
  const listening = await listen(server)
  return {
    ...listening,
    url: `http://127.0.0.1:${listening.port}`,
    spans: journal.entries,
    requests: requests as readonly (typeof requests)[number][],
    named: (name: string) => journal.entries.filter(span => span.name === name),
    waitFor: watchJournal('span', journal).waitFor,
    /** From now on; null: no answer at all. */
    answerWith: (next: number | null): void => {
      status = next
    },
  }
}
