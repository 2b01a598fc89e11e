import { setTimeout as sleep } from 'node:timers/promises'
import { openApi } from '../support/api.ts'
import { percentile, type Sample } from '../support/contest.ts'
import { openOutside, STILL_OPEN, sharedNow } from '../support/outside.ts'
import { atRate, closedLoop, serialOf } from '../support/pace.ts'
import { benchEnvironment, createPartner, openFolder, openService } from '../support/service.ts'
import { openNames } from '../support/tls.ts'

const BATCH = 1_000
const UPSTREAM_RATE = 200
const ONES = { rate: 10, seconds: 30 }
const LAST_POLL_MS = 2_000

/** A service in which a partner has `queued` registrations due. */
export const openQueue = async (queued: number, scale: number) => {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(openFolder())
  const names = stack.use(await openNames())
  const outside = stack.use(await openOutside(names))
  const env = {
    ...benchEnvironment(folder.path, outside.upstreamUrl),
    UPSTREAM_RATE: String(UPSTREAM_RATE),
    UPSTREAM_CONCURRENCY: '16',
  }
  const service = stack.use(await openService(folder.path, env, names))
  const long = stack.use(openApi(service.url, await createPartner(service.url, 'long queue')))
  const short = stack.use(openApi(service.url, await createPartner(service.url, 'one at a time')))
  await closedLoop({ count: Math.ceil(queued / BATCH), width: 2 }, batch =>
    long.registerAll(
      Array.from({ length: BATCH }, (_, index) => ({
        idcardid: serialOf(STILL_OPEN, batch * BATCH + index),
        callbackUrl: outside.hookUrl,
      })),
    ),
  )
  const open = stack.move()
  return {
    /** From a registration of another partner to its first poll. */
    measure: async (): Promise<Sample> => {
      await outside.stamps()
      const sentAt = new Map<string, number>()
      await atRate({ ...ONES, seconds: Math.max(10, ONES.seconds * scale) }, async index => {
        const idcardid = serialOf('1', index)
        sentAt.set(idcardid, sharedNow())
        await short.register({ idcardid, callbackUrl: outside.hookUrl })
      })
      await sleep(LAST_POLL_MS)
      const polledAt = new Map((await outside.stamps()).polled)
      const endedAt = sharedNow()
      const times = [...sentAt].map(([serial, at]) => (polledAt.get(serial) ?? endedAt) - at)
      return { p50: percentile(times, 0.5), p99: percentile(times, 0.99), max: Math.max(...times) }
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}
