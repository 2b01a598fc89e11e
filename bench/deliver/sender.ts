import { clock } from '../../src/app/clock-and-ids.ts'
import { openNameResolver } from '../../src/callback/resolve.ts'
import { openSender } from '../../src/callback/sender.ts'
import { createNetworks } from '../../src/core/address.ts'
import { SECOND } from '../../src/core/duration.ts'
import { answerMessages } from '../support/child.ts'
import { closedLoop } from '../support/pace.ts'
import { believe } from '../support/tls.ts'
import { bodyOf, createJobHeaders, IN_FLIGHT, type Load, measureRun, type Order, type Run } from './job.ts'

/** The service's sender alone: signs and sends as the limit does, judges the address, and keeps nothing. */
const runSender = () => {
  let load: Load | null = null

  const run = async ({ jobs, urls, trust }: Load): Promise<Run> => {
    believe(trust)
    const allowed = createNetworks([{ address: '127.0.0.0', prefix: 8, family: 'ipv4' }])
    const sender = openSender({
      timeoutMs: 15 * SECOND,
      policy: { allowHttp: true, allowed },
      proxy: null,
      userAgent: 'idface-notifier/bench',
      resolver: openNameResolver({ servers: [trust.dns], clock }),
      clock,
    })
    const headersOf = createJobHeaders()
    const result = await measureRun(() =>
      closedLoop({ count: jobs, width: IN_FLIGHT }, async index => {
        const body = bodyOf(index)
        const headers = headersOf(`msg_${index}`, body)
        const sent = await sender.send({ partnerId: 'bench', url: urls[index % urls.length] ?? '', headers, body })
        if (sent.kind !== 'answered' || sent.httpStatus !== 200)
          throw new Error(`sending ended: ${JSON.stringify(sent)}`)
      }),
    )
    sender.close()
    return result
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

if (import.meta.main) runSender()
