import { openUpstreamSimulator } from '../../src/simulator/upstream.ts'
import { createAdminClient, createApiClient } from '../../test/support/api-client.ts'
import { ACCOUNT, ADMIN_TOKEN, openFolder, serviceEnvironment } from '../../test/support/service.ts'
import { percentile } from '../support/contest.ts'
import { cpuSeconds, residentMb } from '../support/machine.ts'
import { atRate } from '../support/pace.ts'
import { openService } from '../support/service.ts'
import type { Names, Scheme } from '../support/tls.ts'
import { openHook } from './hook.ts'

export const HEALTHY_RATE = 40
/** More traffic than later, all of it honest, so that the heap's growth with traffic is not blamed on the hostile ones. */
const WARM_UP = { name: 'warm-up', seconds: 20, rate: 3 * HEALTHY_RATE }
const PATIENCE_MS = 10_000

const openScene = async (scheme: Scheme, names: Names) => {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await openFolder())
  const upstream = stack.use(
    await openUpstreamSimulator({
      accounts: [ACCOUNT],
      now: Date.now,
      record: false,
      defaultScript: { status: 'SUCCESS' },
    }),
  )
  const hook = stack.use(await openHook(scheme, names))
  const env = {
    ...serviceEnvironment({ folder: folder.path, upstreamUrl: upstream.url }),
    UPSTREAM_RATE: '1000',
    CALLBACK_TIMEOUT: '15s',
    RETRY_SCHEDULE: Array.from({ length: 50 }, () => '10s').join(','),
    LOG_LEVEL: 'info',
  }
  const service = stack.use(await openService(folder.path, env, names))
  const admin = createAdminClient(service.url, ADMIN_TOKEN)
  const addPartner = async (name: string) => createApiClient(service.url, (await admin.createPartner(name)).apiKey)
  const healthy = await addPartner('healthy')
  const hostile = await addPartner('hostile')
  const open = stack.move()
  return { hook, service, healthy, hostile, [Symbol.asyncDispose]: () => open.disposeAsync() }
}

/** From a registration to its webhook, in ms, at a steady rate for a while. */
const measureHealthy = async (
  { hook, healthy }: Awaited<ReturnType<typeof openScene>>,
  { name, seconds, rate }: { name: string; seconds: number; rate: number },
): Promise<number[]> => {
  const startedAt = new Map<string, number>()
  const latencies: number[] = []
  hook.onSerial(serial => {
    const began = startedAt.get(serial)
    if (began !== undefined) latencies.push(performance.now() - began)
    startedAt.delete(serial)
  })
  await atRate({ rate, seconds }, index => {
    const idcardid = `${name}-${index}`
    startedAt.set(idcardid, performance.now())
    return healthy.register({ idcardid, callbackUrl: hook.url })
  })
  // A webhook that has not come in ten more seconds counts as that long, so that it does not vanish from the percentile.
  const endsAt = performance.now() + PATIENCE_MS
  while (startedAt.size > 0 && performance.now() < endsAt) await new Promise(resolve => setTimeout(resolve, 50))
  for (const began of startedAt.values()) latencies.push(performance.now() - began)
  return latencies
}

/** One service under honest traffic, with its memory sampled. */
export const openMeasured = async (scheme: Scheme, names: Names) => {
  const scene = await openScene(scheme, names)
  const memory: number[] = []
  const sampler = setInterval(() => memory.push(residentMb(scene.service.pid)), 500)
  return {
    hostile: scene.hostile,
    warmUp: (scale: number) => measureHealthy(scene, { ...WARM_UP, seconds: WARM_UP.seconds * scale }),
    measure: async (seconds: number) => {
      const before = Math.max(...memory.splice(0))
      const cpu = cpuSeconds(scene.service.pid)
      const latencies = await measureHealthy(scene, { name: 'measured', seconds, rate: HEALTHY_RATE })
      return {
        p50: percentile(latencies, 0.5),
        p99: percentile(latencies, 0.99),
        count: latencies.length,
        beforeMb: before,
        peakMb: Math.max(...memory),
        cpu: (cpuSeconds(scene.service.pid) - cpu) / seconds,
      }
    },
    [Symbol.asyncDispose]: async () => {
      clearInterval(sampler)
      await scene[Symbol.asyncDispose]()
    },
  }
}
