import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { type Client, NotifierError, type Page, type Problem, type StoredEvent } from '../../src/client/index.ts'
import { listen } from '../../src/client/listen.ts'
import { createPages } from '../../src/client/pages.ts'

const NOW = '2026-11-24T08:00:00.000Z'

const eventOf = (n: number): StoredEvent => ({
  messageId: `msg_${n}`,
  registrationId: `reg_${n}`,
  type: 'idface.succeeded',
  createdAt: NOW,
  delivery: 'pending',
  body: `{"type": "idface.succeeded", "data": {"idcardid": "${n}", "message": "é"}}`,
  headers: { 'webhook-id': `msg_${n}`, 'webhook-timestamp': '1', 'webhook-signature': `v1,${n}` },
})

/** The developer's server, on a port of its own. */
const openTarget = async (answer: RequestListener) => {
  const received: { headers: Record<string, unknown>; body: string }[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request
      .on('data', chunk => chunks.push(chunk))
      .on('end', () => {
        received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() })
        answer(request, response)
      })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

type Answer = Page<StoredEvent, string> | NotifierError

/** A service that answers each page with the next of these, and a listener that ends when there are no more. */
const run = async (target: string, from: { since?: string; after?: string }, ...answers: Answer[]) => {
  const end = new AbortController()
  const lines: string[] = []
  const asked: Record<string, unknown>[] = []
  const pauses: number[] = []
  const client: Pick<Client, 'events' | 'status'> = {
    status: async () => ({ at: NOW }) as Awaited<ReturnType<Client['status']>>,
    events: ({ after, since } = {}) =>
      createPages(async cursor => {
        asked.push({ after: cursor, since })
        const answer = answers.shift()
        if (answer instanceof NotifierError) throw answer
        return answer ?? { data: [], nextCursor: cursor ?? '' }
      }, after),
  }
  const pause = async (ms: number) => {
    pauses.push(ms)
    if (answers.length === 0) end.abort()
  }
  const say = (line: string) => void lines.push(line)
  const ended = listen({ client, fetch, pause, say, language: 'en', signal: end.signal }, { target, ...from })
  const error = await ended.then(
    () => null,
    (caught: unknown) => caught,
  )
  return { lines, asked, pauses, error }
}

const page = (nextCursor: string, ...events: StoredEvent[]) => ({ data: events, nextCursor })
const refused = (status: number, problem: Partial<Problem> = {}, retryAfterMs: number | null = null) =>
  new NotifierError('x', `status ${status}`, { status, retryAfterMs, problem: problem as Problem })

describe('listening', () => {
  test("forwards from the service's now on: the very text, with its headers, in order", async () => {
    await using target = await openTarget((_, response) => response.writeHead(204).end())
    const { lines, asked, error } = await run(target.url, {}, page('evt_2', eventOf(1), eventOf(2)))
    expect(error).toBeNull()
    expect(target.received.map(({ body }) => body)).toEqual([eventOf(1).body, eventOf(2).body])
    expect(target.received[0]?.headers).toMatchObject({ 'content-type': 'application/json', ...eventOf(1).headers })
    expect(asked[0]).toEqual({ after: undefined, since: NOW })
    expect(lines).toEqual([
      `forwarding to ${target.url}; to begin here again: --since ${NOW}`,
      'idface.succeeded reg_1 1 → 204',
      'idface.succeeded reg_2 2 → 204',
      '--after evt_2',
    ])
  })

  test('goes on through an outage, as late as the service asks, and through a restore', async () => {
    await using target = await openTarget((_, response) => response.end())
    const { lines, asked, pauses, error } = await run(
      target.url,
      { after: 'evt_9' },
      new NotifierError('network', 'away'),
      refused(503, {}, 7_000),
      refused(409, { nextCursor: 'evt_3' }),
      page('evt_4', eventOf(4)),
    )
    expect(error).toBeNull()
    expect(pauses).toEqual([1_000, 7_000, 1_000, 1_000])
    expect(asked.slice(0, 4).map(({ after }) => after)).toEqual(['evt_9', 'evt_9', 'evt_9', 'evt_3'])
    expect(lines).toContain('idface.succeeded reg_4 4 → 200')
  })

  test('ends where waiting does not help', async () => {
    const { error } = await run('http://127.0.0.1:1/', { after: 'evt_1' }, refused(401), page('evt_2'))
    expect(error).toMatchObject({ status: 401 })
  })
})
