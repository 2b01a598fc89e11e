import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerMessages, openChild } from '../support/child.ts'
import type { Variant } from './job.ts'

const answerOf = (status: Variant): Buffer => {
  const similarity = status === 'SUCCESS' ? '100' : ''
  const result = { status, message: status === 'SUCCESS' ? '认证成功' : '', livingScore: '', similarity }
  return Buffer.from(JSON.stringify({ code: 2, msg: '查询成功', result }))
}

/** GetResult as cheap as node:http can be: reads the form, finds the serial in it, and gives the same answer to all. */
const runUpstream = async () => {
  let answer = answerOf('ING')
  let refused = 0
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    let form = ''
    request.setEncoding('latin1')
    request.on('data', (chunk: string) => {
      form += chunk
    })
    request.on('end', () => {
      if (!/(^|&)idcardid=\d+(&|$)/.test(form)) refused++
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length }).end(answer)
    })
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  answerMessages(async (variant: Variant) => {
    if (refused > 0) throw new Error(`${refused} calls without a serial`)
    answer = answerOf(variant)
    return `http://127.0.0.1:${port}/GetResult.json`
  })
}

/** In a process of its own. */
export const openUpstream = () => {
  const child = openChild(import.meta.filename)
  return {
    /** Sets the answer to all calls from now on; resolves with the URL. */
    answer: (variant: Variant) => child.ask<string>(variant),
    [Symbol.asyncDispose]: child[Symbol.asyncDispose],
  }
}

if (import.meta.main) await runUpstream()
