import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { answerMessages, openChild } from './child.ts'

/** Serials with this prefix never get a verdict. */
export const STILL_OPEN = '9'
const ANSWER = { success: answerOf('SUCCESS'), open: answerOf('ING') }

function answerOf(status: string): Buffer {
  const result = { status, message: '', livingScore: '', similarity: status === 'SUCCESS' ? '100' : '' }
  return Buffer.from(JSON.stringify({ code: 2, msg: '查询成功', result }))
}

/** Milliseconds of a clock that all processes of a machine share. */
export const sharedNow = (): number => Number(process.hrtime.bigint()) / 1e6

type Order = { kind: 'open'; hanging: number } | { kind: 'counts' } | { kind: 'stamps' }
export interface Places {
  upstreamUrl: string
  hookUrl: string
  /** The hosts that accept connections and never answer. */
  hangingUrls: string[]
}
export interface Counts {
  polls: number
  hooks: number
  hung: number
}
/** By serial, since the last call; times of `sharedNow`. */
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
  const counts: Counts = { polls: 0, hooks: 0, hung: 0 }
  let polled: Stamps['polled'] = []
  let hooked: Stamps['hooked'] = []

  const listen = async (server: ReturnType<typeof createTcpServer>): Promise<number> => {
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  const serve = (answer: RequestListener) => listen(createServer({ keepAliveTimeout: 60_000 }, answer))

  const open = async (hanging: number): Promise<Places> => {
    const upstream = await serve((request, response) =>
      textOf(request, form => {
        counts.polls++
        const serial = /idcardid=(\w+)/.exec(form)?.[1] ?? ''
        const body = serial.startsWith(STILL_OPEN) ? ANSWER.open : ANSWER.success
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body)
        polled.push([serial, sharedNow()])
      }),
    )
    const hook = await serve((request, response) =>
      textOf(request, body => {
        counts.hooks++
        hooked.push([/"idcardid":"(\w+)"/.exec(body)?.[1] ?? '', sharedNow()])
        response.writeHead(200, { 'content-length': 2 }).end('ok')
      }),
    )
    const silent = () =>
      createTcpServer(socket => {
        counts.hung++
        socket.on('error', () => {}).resume()
      })
    const ports = await Promise.all(Array.from({ length: hanging }, () => listen(silent())))
    return {
      upstreamUrl: `http://127.0.0.1:${upstream}/GetResult.json`,
      hookUrl: `http://127.0.0.1:${hook}/hook`,
      hangingUrls: ports.map(port => `http://127.0.0.1:${port}/hook`),
    }
  }

  answerMessages(async (order: Order) => {
    if (order.kind === 'open') return { ...(await open(order.hanging)) }
    if (order.kind === 'counts') return { ...counts }
    const stamps = { polled, hooked }
    polled = []
    hooked = []
    return stamps
  })
}

/** Everything but the service, in a process of its own. */
export const openOutside = async ({ hanging = 0 } = {}) => {
  const child = openChild(import.meta.filename)
  const ask = <Answer>(order: Order) => child.ask<Answer>(order)
  const places = await ask<Places>({ kind: 'open', hanging })
  return {
    ...places,
    pid: child.pid,
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
