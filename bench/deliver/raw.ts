import { Pool } from 'undici'
import { answerMessages } from '../support/child.ts'
import { bodyOf, createJobHeaders, IN_FLIGHT, measureRun, type Order, originOf, type Run } from './job.ts'

/** The limit: signs and sends, and keeps nothing. */
const runRaw = () => {
  let target = { origin: '', path: '' }
  let jobs = 0

  const run = (): Promise<Run> => {
    const pool = new Pool(target.origin, { connections: IN_FLIGHT, pipelining: 1 })
    const headersOf = createJobHeaders()
    let next = 0
    const work = async () => {
      while (next < jobs) {
        const index = next++
        const body = bodyOf(index)
        const headers = headersOf(`msg_${index}`, body)
        const response = await pool.request({ path: target.path, method: 'POST', headers, body })
        await response.body.dump()
        if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}`)
      }
    }
    return measureRun(async () => {
      await Promise.all(Array.from({ length: IN_FLIGHT }, work))
      await pool.close()
    })
  }

  answerMessages(async (order: Order) => {
    if (order.kind === 'run') return { ...(await run()) }
    target = originOf(order.url)
    jobs = order.jobs
    return 'ready'
  })
}

if (import.meta.main) runRaw()
