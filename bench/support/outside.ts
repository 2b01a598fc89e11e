import { once } from 'node:events'
import { createServer as createPlainServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import type { Certificate } from '../../test/support/certificate.ts'
import { answerMessages, openChild } from './child.ts'
import { serialOf } from './pace.ts'
import { type Names, type Scheme, serverOptions, urlOf } from './tls.ts'

const answerOf = (status: string, similarity: string): Buffer =>
  Buffer.from(
    JSON.stringify({ code: 2, msg: '查询成功', result: { status, message: '', livingScore: '', similarity } }),
  )
const SUCCESS = answerOf('SUCCESS', '100')
const OPEN = answerOf('ING', '')

/** Milliseconds of a clock that all processes of a machine share. */
export const sharedNow = (): number => Number(process.hrtime.bigint()) / 1e6

/** A serial that upstream answers ING until this time of `sharedNow`; all others have their verdict at once. */
export const serialUntil = (at: number, index: number): string => `${serialOf('7', index)}_${Math.ceil(at)}`
export const verdictAt = (serial: string): number => Number(/_(\d+)$/.exec(serial)?.[1] ?? 0)

interface Opening {
  scheme: Scheme
  certificate: Certificate
}
type Order = ({ kind: 'open' } & Opening) | { kind: 'counts' } | { kind: 'stamps' }
export interface Places {
  upstreamUrl: string
  hookUrl: string
}
export interface Counts {
  polls: number
  hooks: number
}
/**
 * By serial, since the last call: when the verdict was sent to the service, and when its webhook reached the partner.
 * Times of `sharedNow`.
 */
export interface Stamps {
  polled: [serial: string, at: number][]
  hooked: [serial: string, at: number][]
}

const textOf = (request: IncomingMessage, done: (text: string) => void) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => done(Buffer.concat(chunks).toString('latin1')))
}

/** GetResult, a partner's receiver and hosts that hang, as cheap as node:http can be, with a stamp for each serial. */
const runOutside = () => {
  const counts: Counts = { polls: 0, hooks: 0 }
  let polled: Stamps['polled'] = []
  let hooked: Stamps['hooked'] = []

  const listen = async (server: Server): Promise<number> => {
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  const open = async ({ scheme, certificate }: Opening): Promise<Places> => {
    const isSecure = scheme === 'https'
    const kept = { keepAliveTimeout: 60_000 }
    const serve = (answer: RequestListener) =>
      listen(
        isSecure
          ? createSecureServer({ ...kept, ...serverOptions(certificate) }, answer)
          : createPlainServer(kept, answer),
      )
    const upstream = await serve((request, response) =>
      textOf(request, form => {
        counts.polls++
        const serial = /idcardid=(\w+)/.exec(form)?.[1] ?? ''
        const isOpen = sharedNow() < verdictAt(serial)
        const answer = isOpen ? OPEN : SUCCESS
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length }).end(answer)
        if (!isOpen) polled.push([serial, sharedNow()])
      }),
    )
    const hook = await serve((request, response) =>
      textOf(request, body => {
        counts.hooks++
        hooked.push([/"idcardid":"(\w+)"/.exec(body)?.[1] ?? '', sharedNow()])
        response.writeHead(200, { 'content-length': 2 }).end('ok')
      }),
    )
    return {
      upstreamUrl: `${scheme}://127.0.0.1:${upstream}/GetResult.json`,
      hookUrl: urlOf(scheme, hook),
    }
  }

  answerMessages(async (order: Order) => {
    if (order.kind === 'open') return { ...(await open(order)) }
    if (order.kind === 'counts') return { ...counts }
    const stamps = { polled, hooked }
    polled = []
    hooked = []
    return stamps
  })
}

/** Everything but the service, in a process of its own. */
export const openOutside = async (
  { certificate }: Pick<Names, 'certificate'>,
  { scheme = 'https' }: { scheme?: Scheme } = {},
) => {
  const child = openChild(import.meta.filename)
  const ask = <Answer>(order: Order) => child.ask<Answer>(order)
  const places = await ask<Places>({ kind: 'open', scheme, certificate })
  return {
    ...places,
    counts: () => ask<Counts>({ kind: 'counts' }),
    stamps: () => ask<Stamps>({ kind: 'stamps' }),
    [Symbol.asyncDispose]: child[Symbol.asyncDispose],
  }
}

export type Outside = Awaited<ReturnType<typeof openOutside>>

/** Checks until it is true, or fails. */
export const untilCounts = async (outside: Outside, accepts: (counts: Counts) => boolean, limitMs = 120_000) => {
  const endsAt = performance.now() + limitMs
  for (;;) {
    const counts = await outside.counts()
    if (accepts(counts)) return
    if (performance.now() > endsAt) throw new Error(`waited in vain: ${JSON.stringify(counts)}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

if (import.meta.main) runOutside()
