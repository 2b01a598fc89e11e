import { flood, SETTINGS } from './flow.ts'
import { openApi } from './support/api.ts'
import { contest, medianOf, percentile, ratioOf, type Sample } from './support/contest.ts'
import { cpuSeconds } from './support/machine.ts'
import { openOutside } from './support/outside.ts'
import { judgeAtLeast, type Part } from './support/part.ts'
import { benchEnvironment, createPartner, openFolder, openService } from './support/service.ts'
import { openNames } from './support/tls.ts'

const WEBHOOKS = 30_000
const WARM_UP = 3_000
const EVERY_MS = 1_000
const AIM = 0.98

const ALONE = 'without'
const SCRAPED = 'scraped each second'

/** Fetches the page each second, as a Prometheus would, and notes how long it took and how large it was. */
const scrape = (url: string) => {
  const took: number[] = []
  let bytes = 0
  const once = async () => {
    const startedAt = performance.now()
    const response = await fetch(`${url}/metrics`)
    bytes = (await response.text()).length
    if (response.status !== 200) throw new Error(`the metrics are a ${response.status}`)
    took.push(performance.now() - startedAt)
  }
  let last = once()
  const timer = setInterval(() => {
    last = last.then(once)
  }, EVERY_MS)
  return async () => {
    clearInterval(timer)
    await last
    return { took, bytes }
  }
}

const runOnce = async (scale: number, { isScraped }: { isScraped: boolean }): Promise<Sample> => {
  using folder = openFolder()
  await using names = await openNames()
  await using outside = await openOutside(names, { scheme: 'https' })
  await using service = await openService(
    folder.path,
    { ...benchEnvironment(folder.path, outside.upstreamUrl), ...SETTINGS },
    names,
  )
  await using api = openApi(service.url, await createPartner(service.url, 'metrics'))
  await flood(api, outside, { kind: '1', count: WARM_UP })

  const count = Math.round(WEBHOOKS * scale)
  const stop = isScraped ? scrape(service.url) : async () => ({ took: [0], bytes: 0 })
  const cpu = cpuSeconds(service.pid)
  const startedAt = performance.now()
  await flood(api, outside, { kind: '2', count })
  const webhooksPerSecond = count / ((performance.now() - startedAt) / 1_000)
  const cpuMicros = ((cpuSeconds(service.pid) - cpu) * 1e6) / count
  const { took, bytes } = await stop()
  return { webhooksPerSecond, cpuMicros, scrapeP50: percentile(took, 0.5), scrapeMax: Math.max(...took), bytes }
}

/** What it costs that somebody reads the metrics each second, while the service does as much as it can. */
export const metrics: Part = async ({ rounds, scale, say }) => {
  const samples = await contest(
    [
      { name: ALONE, run: () => runOnce(scale, { isScraped: false }) },
      { name: SCRAPED, run: () => runOnce(scale, { isScraped: true }) },
    ],
    { rounds, say },
  )
  const of = (name: string, figure: string) => medianOf(samples, name, figure)
  const ratio = ratioOf(samples, [SCRAPED, ALONE], 'webhooksPerSecond')
  return {
    part: 'metrics',
    title: 'Metrics that are read each second',
    method: `The service of *All at once, one process*, over TLS, as fast as it goes: ${WEBHOOKS} registrations until the last webhook
has arrived; once with \`GET /metrics\` each second, once without, in turn.`,
    columns: ['webhooks/s', 'CPU, µs a webhook', 'scrape p50, ms', 'longest, ms', 'page, KB'],
    rows: [ALONE, SCRAPED].map(name => ({
      name,
      cells: {
        'webhooks/s': of(name, 'webhooksPerSecond').toFixed(0),
        'CPU, µs a webhook': of(name, 'cpuMicros').toFixed(0),
        ...(name === SCRAPED && {
          'scrape p50, ms': of(name, 'scrapeP50').toFixed(1),
          'longest, ms': of(name, 'scrapeMax').toFixed(0),
          'page, KB': (of(name, 'bytes') / 1_000).toFixed(0),
        }),
      },
    })),
    findings: [
      {
        what: 'webhooks with a scrape each second, to without',
        value: `${ratio.toFixed(3)} ×`,
        aim: `≥ ${AIM} ×`,
        verdict: judgeAtLeast(ratio, { aim: AIM }),
      },
    ],
    notes: ['Whether or not somebody reads them, what they count is counted: that is within both figures.'],
  }
}
