import { Pool } from 'undici'
import { dynamicPassword } from '../../src/upstream/upstream.ts'
import { IN_FLIGHT, measureRun, originOf, type Run } from '../deliver/job.ts'
import { answerMessages } from '../support/child.ts'
import { ACCOUNT, serialAt } from '../support/jobs.ts'
import { closedLoop } from '../support/pace.ts'
import { undiciConnect } from '../support/tls.ts'
import type { Order } from './job.ts'

const HEADERS = { 'content-type': 'application/x-www-form-urlencoded' }

/** The limit: signs, calls, parses, and keeps nothing. */
const runRaw = () => {
  let prepared: Extract<Order, { kind: 'prepare' }> | null = null

  const run = ({ polls, upstreamUrl, trust }: NonNullable<typeof prepared>): Promise<Run> => {
    const { origin, path } = originOf(upstreamUrl)
    const pool = new Pool(origin, { connections: IN_FLIGHT, pipelining: 1, connect: undiciConnect(trust) })
    return measureRun(async () => {
      await closedLoop({ count: polls, width: IN_FLIGHT }, async index => {
        const time = Math.floor(Date.now() / 1000)
        const password = dynamicPassword({ ...ACCOUNT, time })
        const body = `account=${ACCOUNT.apiId}&idcardid=${serialAt(index)}&password=${password}&time=${time}`
        const response = await pool.request({ path, method: 'POST', headers: HEADERS, body })
        const { code } = JSON.parse(await response.body.text()) as { code: number }
        if (response.statusCode !== 200 || code !== 2) throw new Error(`answered ${response.statusCode}, ${code}`)
      })
      await pool.close()
    })
  }

  answerMessages(async (order: Order) => {
    if (order.kind === 'prepare') {
      prepared = order
      return 'ready'
    }
    if (prepared === null) throw new Error('run before prepare')
    return { ...(await run(prepared)) }
  })
}

if (import.meta.main) runRaw()
