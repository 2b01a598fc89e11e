import { openApi } from '../support/api.ts'
import { percentile, type Sample } from '../support/contest.ts'
import { openOutside, sharedNow, untilCounts } from '../support/outside.ts'
import { atRate, closedLoop, serialOf } from '../support/pace.ts'
import { benchEnvironment, createPartner, openFolder, openService } from '../support/service.ts'
import { openNames, type Scheme } from '../support/tls.ts'

const HOSTS = 20
const MESSAGES = 10_000
const BATCH = 500
const RATE = 200
const SECONDS = 40
const WARM_UP = { rate: 100, seconds: 5 }
/** A webhook that has not come by then counts as if it had just come, so that it does not vanish from the percentile. */
const PATIENCE_MS = 15_000

/** A service with healthy traffic, and with or without messages due for hosts that hang. */
export const openHanging = async (
  whose: 'nobody' | 'another' | 'the same',
  { scheme, scale }: { scheme: Scheme; scale: number },
) => {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(openFolder())
  const names = stack.use(await openNames(HOSTS + 1))
  const outside = stack.use(await openOutside(names, { scheme, hanging: HOSTS }))
  const env = {
    ...benchEnvironment(folder.path, outside.upstreamUrl),
    UPSTREAM_RATE: '10000',
    UPSTREAM_CONCURRENCY: '64',
    CALLBACK_TIMEOUT: '15s',
  }
  const service = stack.use(await openService(folder.path, env, names))
  const healthyKey = await createPartner(service.url, 'healthy')
  const otherKey = await createPartner(service.url, 'other')
  const healthy = stack.use(openApi(service.url, healthyKey))
  const hanging = stack.use(openApi(service.url, whose === 'another' ? otherKey : healthyKey))

  const time = async (kind: string, pace: { rate: number; seconds: number }) => {
    await outside.stamps()
    const { hooks } = await outside.counts()
    const sentAt = new Map<string, number>()
    await atRate(pace, async index => {
      const idcardid = serialOf(kind, index)
      sentAt.set(idcardid, sharedNow())
      await healthy.register({ idcardid, callbackUrl: outside.hookUrl })
    })
    await untilCounts(outside, counts => counts.hooks >= hooks + sentAt.size, PATIENCE_MS).catch(() => {})
    const arrivedAt = new Map((await outside.stamps()).hooked)
    const endedAt = sharedNow()
    return [...sentAt].map(([serial, at]) => (arrivedAt.get(serial) ?? endedAt) - at)
  }

  await time('1', WARM_UP)
  if (whose !== 'nobody') {
    const { polls } = await outside.counts()
    const count = MESSAGES * scale
    await closedLoop({ count: Math.ceil(count / BATCH), width: 2 }, batch =>
      hanging.registerAll(
        Array.from({ length: Math.min(BATCH, count) }, (_, index) => ({
          idcardid: serialOf('2', batch * BATCH + index),
          callbackUrl: outside.hangingUrls[index % HOSTS] ?? '',
        })),
      ),
    )
    await untilCounts(outside, counts => counts.polls >= polls + count)
  }
  const open = stack.move()
  return {
    /** From a registration to its webhook at a healthy host. */
    measure: async (): Promise<Sample> => {
      const times = await time('3', { rate: RATE, seconds: Math.max(10, SECONDS * scale) })
      return { p50: percentile(times, 0.5), p99: percentile(times, 0.99), max: Math.max(...times) }
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}
