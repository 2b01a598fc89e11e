import { Agent, Pool } from 'undici'
import { answerMessages } from '../support/child.ts'
import { closedLoop } from '../support/pace.ts'
import { undiciConnect } from '../support/tls.ts'
import { bodyOf, createJobHeaders, IN_FLIGHT, type Load, measureRun, type Order, originOf, type Run } from './job.ts'

/** The limit: signs and sends, and keeps nothing. To one URL by `Pool.request`, to many by `Agent.request`. */
const runRaw = () => {
  let load: Load | null = null

  const run = ({ jobs, urls, trust }: Load): Promise<Run> => {
    const targets = urls.map(originOf)
    const options = { connections: IN_FLIGHT, pipelining: 1, connect: undiciConnect(trust) }
    const [first] = targets
    const pool = targets.length === 1 && first ? new Pool(first.origin, options) : new Agent(options)
    const headersOf = createJobHeaders()
    return measureRun(async () => {
      await closedLoop({ count: jobs, width: IN_FLIGHT }, async index => {
        const { origin = '', path = '' } = targets[index % targets.length] ?? {}
        const body = bodyOf(index)
        const headers = headersOf(`msg_${index}`, body)
        const response = await pool.request({ origin, path, method: 'POST', headers, body })
        await response.body.dump()
        if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}`)
      })
      await pool.close()
    })
  }

  answerMessages(async (order: Order) => {
    if (order.kind === 'prepare') {
      load = order
      return 'ready'
    }
    if (load === null) throw new Error('run before prepare')
    return { ...(await run(load)) }
  })
}

if (import.meta.main) runRaw()
