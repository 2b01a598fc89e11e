import { Pool } from 'undici'
import { dynamicPassword } from '../../src/core/password.ts'
import { IN_FLIGHT, measureRun, originOf, type Run } from '../deliver/job.ts'
import { answerMessages } from '../support/child.ts'
import { closedLoop } from '../support/pace.ts'
import { ACCOUNT, type Order, serialAt } from './job.ts'

const HEADERS = { 'content-type': 'application/x-www-form-urlencoded' }

/** The limit: signs, calls, parses, and keeps nothing. */
const runRaw = () => {
  let prepared = { polls: 0, upstreamUrl: '' }

  const run = (): Promise<Run> => {
    const { origin, path } = originOf(prepared.upstreamUrl)
    const pool = new Pool(origin, { connections: IN_FLIGHT, pipelining: 1 })
    return measureRun(async () => {
      await closedLoop({ count: prepared.polls, width: IN_FLIGHT }, async index => {
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
    if (order.kind === 'run') return { ...(await run()) }
    prepared = order
    return 'ready'
  })
}

if (import.meta.main) runRaw()
