import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Certificate } from '../../test/support/certificate.ts'
import { answerMessages, openChild } from '../support/child.ts'
import { type Names, serverOptions } from '../support/tls.ts'
import type { Variant } from './job.ts'

const answerOf = (status: Variant): Buffer => {
  const similarity = status === 'SUCCESS' ? '100' : ''
  const result = { status, message: status === 'SUCCESS' ? '认证成功' : '', livingScore: '', similarity }
  return Buffer.from(JSON.stringify({ code: 2, msg: '查询成功', result }))
}

type Order = { kind: 'open'; certificate: Certificate } | { kind: 'answer'; variant: Variant }

/** GetResult as cheap as node:http can be: reads the form, finds the serial in it, and gives the same answer to all. */
const runUpstream = () => {
  let answer = answerOf('ING')
  let refused = 0
  const listener: RequestListener = (request, response) => {
    let form = ''
    request.setEncoding('latin1')
    request.on('data', (chunk: string) => {
      form += chunk
    })
    request.on('end', () => {
      if (!/(^|&)idcardid=\d+(&|$)/.test(form)) refused++
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length }).end(answer)
    })
  }

  const open = async (certificate: Certificate): Promise<string> => {
    const server = createServer({ keepAliveTimeout: 60_000, ...serverOptions(certificate) }, listener)
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
    await once(server, 'listening')
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}/GetResult.json`
  }

  answerMessages(async (order: Order) => {
    if (order.kind === 'open') return await open(order.certificate)
    if (refused > 0) throw new Error(`${refused} calls without a serial`)
    answer = answerOf(order.variant)
    return 'ready'
  })
}

/** In a process of its own. */
export const openUpstream = async ({ certificate }: Pick<Names, 'certificate'>) => {
  const child = openChild(import.meta.filename)
  return {
    url: await child.ask<string>({ kind: 'open', certificate }),
    /** Sets the answer to all calls from now on. */
    answer: (variant: Variant) => child.ask<string>({ kind: 'answer', variant }),
    [Symbol.asyncDispose]: child[Symbol.asyncDispose],
  }
}

if (import.meta.main) runUpstream()
