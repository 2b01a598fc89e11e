import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { openApp } from '../src/app/open-app.ts'
import { readConfig } from '../src/config/read-config.ts'
import { SECOND } from '../src/core/duration.ts'
import { createLog } from '../src/telemetry/log.ts'
import { fillDatabase } from './growth/fill.ts'
import { moveInto } from './growth/move.ts'
import { contest, medianOf, percentile, type Sample } from './support/contest.ts'
import { type Columns, findAtMost, type Part, tableOf } from './support/part.ts'
import { openPostgres } from './support/postgres.ts'
import { openFolder } from './support/service.ts'

const ROWS = 1_000_000
/** With their hosts as many series as a node counts apart in a minute; a week of their hours is more than is read. */
const PARTNERS = 100
const ADMIN_TOKEN = 'the-operator-of-this-benchmark-0123456789'
const LOOKS = 20
/** *Now* looks again each 20 s. */
const OPEN_PAGES = 20
const LOOKS_A_SECOND = OPEN_PAGES / 20

/** All pages that a list, a count or a search makes. `id` and `partner` are those of the first registration. */
const pagesOf = (id: string, partner: string): readonly string[] => [
  '',
  '?span=7d',
  'registrations',
  'registrations?status=pending',
  'registrations?delivery=exhausted',
  `registrations?partner=${partner}`,
  'registrations?host=nothing.example',
  'registrations?error=http_503',
  `registrations/${id}`,
  'deliveries',
  'hosts',
  'hosts?span=7d',
  'partners',
  'partners?span=7d',
  `partners/${partner}`,
  'accounts',
  'bulk',
  'bulk/new?act=resend&delivery=pending',
  'bulk/new?act=resend&delivery=exhausted',
  'bulk/new?act=resend&host=nothing.example',
  'bulk/new?act=resend&error=http_404',
  'nodes',
  'alerts',
  'settings',
  'audit',
  `audit?object=${id}`,
]

/** Pages of a partner that show its history. */
const OWN_PAGES = ['', '?span=7d', 'hosts', 'hosts?span=7d']

const STEPS = ['step=5m', 'step=1h', 'since=8d']
/** Calls of the history, by which the pages draw their charts. */
const historiesOf = (partner: string): readonly string[] => [
  ...['history?', `history?partner=${partner}&`, `history?partner=${partner}&host=127.0.0.1:1&`].flatMap(call =>
    STEPS.map(step => `/v1/admin/${call}${step}`),
  ),
  ...['partner', 'host', 'account'].flatMap(by =>
    ['24h', '8d'].map(since => `/v1/admin/history/groups?by=${by}&since=${since}`),
  ),
  ...STEPS.map(step => `/v1/history?${step}`),
  '/v1/history/hosts',
  '/v1/history/hosts?since=8d',
]

const signIn = async (url: string, token: string): Promise<string> => {
  const answer = await fetch(`${url}/console/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: url },
    body: new URLSearchParams({ token }),
  })
  return answer.headers.get('set-cookie')?.split(';')[0] ?? ''
}

/** A service in this process, which nothing is due for, looked at as a browser does. */
const measure = async (databaseUrl: string, masterKey: Buffer, say: (line: string) => void): Promise<Sample> => {
  const read = readConfig(
    {
      ...{ DATABASE_URL: databaseUrl, MASTER_KEY: masterKey.toString('base64'), PORT: '0', ROLES: 'api' },
      ...{ IHUYI_ACCOUNT: 'bench', IHUYI_API_KEY: 'bench-key', ADMIN_TOKEN, LOG_LEVEL: 'error' },
    },
    'upstream',
  )
  if (!read.ok) throw new Error(read.problems.map(({ setting }) => setting).join(', '))
  const log = createLog({ level: 'error', destination: process.stderr, now: Date.now })
  await using app = await openApp(read.config, log)
  /** With a token or a key: calls, and the pages that they sign in for. */
  const reader = async (token: string) => {
    const cookie = await signIn(app.url, token)
    /** Over a partner's rate it waits, which is not in `ms`. */
    const visit = async (path: string): Promise<{ text: string; ms: number }> => {
      const isCall = path.startsWith('/v1/')
      const headers = isCall ? { authorization: `Bearer ${token}` } : { cookie }
      const startedAt = performance.now()
      const answer = await fetch(`${app.url}${isCall ? path : `/console/${path}`}`, { headers })
      const text = await answer.text()
      if (answer.status === 429) {
        await sleep(SECOND)
        return visit(path)
      }
      if (answer.status !== 200) throw new Error(`${path}: ${answer.status}`)
      return { text, ms: performance.now() - startedAt }
    }
    return visit
  }
  const get = await reader(ADMIN_TOKEN)
  const [id = ''] = /reg_\w{26}/.exec((await get('registrations')).text) ?? []
  const [partner = ''] = /partner_\w{26}/.exec((await get('partners')).text) ?? []
  const made = await fetch(`${app.url}/v1/admin/partners/${partner}/keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  })
  const getOwn = await reader(((await made.json()) as { apiKey: string }).apiKey)
  const looks = [
    ...[...pagesOf(id, partner), ...historiesOf(partner)].map(path => ({
      name: path || 'now',
      look: path.startsWith('/v1/history') ? () => getOwn(path) : () => get(path),
    })),
    ...OWN_PAGES.map(path => ({ name: `a partner's ${path || 'now'}`, look: () => getOwn(path) })),
  ]

  const medians: number[] = []
  let longestMs = 0
  let loopMs = 0
  for (const { name, look } of looks) {
    await look()
    const loop = monitorEventLoopDelay({ resolution: 1 })
    loop.enable()
    const took: number[] = []
    for (let time = 0; time < LOOKS; time++) {
      took.push((await look()).ms)
    }
    loop.disable()
    const [median, longest, blocked] = [percentile(took, 0.5), percentile(took, 1), loop.max / 1e6]
    say(`${name}: ${median.toFixed(0)} ms, ${longest.toFixed(0)} ms at most, loop ${blocked.toFixed(0)} ms`)
    medians.push(median)
    longestMs = Math.max(longestMs, longest)
    loopMs = Math.max(loopMs, blocked)
  }
  const before = process.cpuUsage()
  for (let look = 0; look < 5 * LOOKS; look++) await get('')
  const { user, system } = process.cpuUsage(before)
  const lookMs = (user + system) / 1_000 / (5 * LOOKS)
  return {
    medianMs: percentile(medians, 0.5),
    slowestMs: Math.max(...medians),
    longestMs,
    loopMs,
    openPercent: (lookMs * LOOKS_A_SECOND) / 10,
  }
}

const COLUMNS: Columns = {
  'a page, ms': ['medianMs', 1],
  'the slowest page, ms': ['slowestMs', 0],
  'longest, ms': ['longestMs', 0],
  'event loop at most, ms': ['loopMs', 0],
  [`${OPEN_PAGES} open pages, % of a core`]: ['openPercent', 2],
}

export const consolePart: Part = async ({ rounds, scale, say }) => {
  using folder = openFolder()
  await using server = await openPostgres()
  const path = join(folder.path, 'notifier.db')
  const fill = { rows: ROWS * scale, partners: PARTNERS, queues: 3, ofYear: true }
  const filled = await fillDatabase(path, { ...fill, now: Date.now() })
  say('filled SQLite')
  const copy = await fillDatabase(join(folder.path, 'moved.db'), { ...fill, now: Date.now() })
  await moveInto(server.connection, copy)
  say('filled PostgreSQL')
  const samples = await contest(
    [
      { name: 'SQLite', run: () => measure(`file:${path}`, filled.masterKey, say) },
      { name: 'PostgreSQL', run: () => measure(server.connection, copy.masterKey, say) },
    ],
    { rounds, say },
  )
  return {
    part: 'console',
    title: 'The console',
    ...tableOf(samples, COLUMNS),
    findings: ['SQLite', 'PostgreSQL'].flatMap(engine => [
      findAtMost(`${engine}: the longest page`, medianOf(samples, engine, 'longestMs'), {
        aim: 200,
        unit: ' ms',
        digits: 0,
      }),
      findAtMost(`${engine}: the event loop`, medianOf(samples, engine, 'loopMs'), { aim: 50, unit: ' ms', digits: 0 }),
      findAtMost(`${engine}: ${OPEN_PAGES} open pages`, medianOf(samples, engine, 'openPercent'), {
        aim: 1,
        unit: ' %',
        digits: 2,
      }),
    ]),
    notes: [
      'While webhooks are due, each look reads the rows of up to 10,000 of them: no index says which are under way (decision 038).',
    ],
  }
}
