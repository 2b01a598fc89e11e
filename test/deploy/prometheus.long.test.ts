import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openStage } from '../e2e/stage.ts'
import { eventually } from '../support/api-client.ts'
import { freePorts } from '../support/free-ports.ts'
import { openFolder } from '../support/service.ts'
import { QUERIES } from './dashboard.ts'
import { ROOT, readAlerts, textOf } from './files.ts'

const HAS_PROMETHEUS = spawnSync('prometheus', ['--version']).status === 0
/** All but the missing backup, which is normal at first. */
const isWrong = ({ name, health, state = 'inactive' }: Rule) =>
  health !== 'ok' || (state !== 'inactive' && !(name === 'IdfaceBackupStale' && state === 'pending'))

/** Number of evaluations of all rules, each on newly scraped metrics. */
const EVALUATIONS = 8

interface Rule {
  name: string
  type: 'alerting' | 'recording'
  health: string
  lastError?: string
  lastEvaluation: string
  state?: string
}

/** Prometheus with the shipped files; only the target and the pace are others. */
const openPrometheus = async (target: string) => {
  await using stack = new AsyncDisposableStack()
  const { path } = stack.use(await openFolder())
  const config = textOf('deploy/prometheus/prometheus.yml')
    .replaceAll('127.0.0.1:8080', target)
    .replaceAll('_interval: 15s', '_interval: 1s')
  await writeFile(join(path, 'prometheus.yml'), config)
  await cp(join(ROOT, 'deploy/prometheus/alerts.yml'), join(path, 'alerts.yml'))
  const [port] = await freePorts(1)
  const address = `127.0.0.1:${port}`
  const flags = { 'config.file': join(path, 'prometheus.yml'), 'storage.tsdb.path': join(path, 'data') }
  const child = spawn(
    'prometheus',
    Object.entries({ ...flags, 'web.listen-address': address }).map(([name, value]) => `--${name}=${value}`),
    { stdio: 'ignore' },
  )
  const ended = once(child, 'close')
  stack.defer(async () => {
    child.kill('SIGTERM')
    await ended
  })
  const opened = stack.move()
  const rules = async (): Promise<Rule[]> => {
    const response = await fetch(`http://${address}/api/v1/rules`)
    const { data } = (await response.json()) as { data: { groups: { rules: Rule[] }[] } }
    return data.groups.flatMap(group => group.rules)
  }
  const query = async (expression: string): Promise<{ value: [number, string] }[]> => {
    const response = await fetch(`http://${address}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({ query: expression }),
    })
    const { data, error } = (await response.json()) as {
      data?: { result: { value: [number, string] }[] }
      error?: string
    }
    if (!data) throw new Error(`${expression}: ${error}`)
    return data.result
  }
  return { rules, query, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

/** Queries of the dashboard that have no result now. */
const emptyQueries = async (query: (expression: string) => Promise<{ value: [number, string] }[]>) => {
  const found = await Promise.all(
    QUERIES.map(async ({ title, expr }) => {
      const results = await query(expr.replaceAll('$__rate_interval', '1m'))
      return results.length === 0 || results.some(({ value: [, text] }) => text === 'NaN') ? [`${title}: ${expr}`] : []
    }),
  )
  return found.flat()
}

test('Prometheus with the shipped rules finds nothing wrong with a healthy service, nor the dashboard nothing to show', async ({
  skip,
}) => {
  skip(!HAS_PROMETHEUS, 'there is no prometheus here (Debian: prometheus)')
  await using stage = await openStage()
  await using prometheus = await openPrometheus(new URL(stage.service.url).host)
  await eventually(
    () => prometheus.rules().catch(() => []),
    // Before it has scraped anything, it takes the service to be down.
    rules => rules.length > 0 && !rules.some(isWrong),
  )
  await eventually(
    () => emptyQueries(prometheus.query),
    empty => empty.length === 0,
  )
  const told = new Set<string>()
  const evaluations = new Map<string, Set<string>>()
  while (evaluations.size === 0 || [...evaluations.values()].some(({ size }) => size < EVALUATIONS)) {
    const id = await stage.register({ status: 'SUCCESS' })
    await stage.api.until(id.id, one => one.delivery.state === 'delivered')
    for (const rule of await prometheus.rules()) {
      const { name, state, lastError, lastEvaluation } = rule
      // One that waits out its `for`, too, which would fire later.
      if (isWrong(rule)) told.add(`${name}: ${state} ${lastError}`)
      evaluations.set(name, (evaluations.get(name) ?? new Set()).add(lastEvaluation))
    }
  }
  expect([...told]).toEqual([])
  const names = (await prometheus.rules()).filter(({ type }) => type === 'alerting').map(({ name }) => name)
  expect(names).toEqual(readAlerts().map(({ name }) => name))
}, 120_000)
