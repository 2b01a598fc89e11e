import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openApi } from '../support/api.ts'
import { percentile, type Sample } from '../support/contest.ts'
import { cpuSeconds, residentMb } from '../support/machine.ts'
import { benchEnvironment, openService } from '../support/service.ts'
import { type Filled, rowAt } from './fill.ts'

const CALLS = 500
/** A query that scans everything must not take the whole day. */
const LONGEST_MS = 10_000
const SETTLE_MS = 3_000

const QUESTIONS: Readonly<Record<string, (filled: Filled) => string>> = {
  list: () => '/v1/registrations?limit=50',
  serial: filled => `/v1/registrations?idcardid=${rowAt(filled, Math.random()).serial}`,
  status: () => '/v1/registrations?status=succeeded',
  delivery: () => '/v1/registrations?delivery=pending',
  delivered: () => '/v1/registrations?delivery=delivered',
  explain: filled => `/v1/registrations/${rowAt(filled, Math.random()).registrationId}/explain`,
  me: () => '/v1/me',
}

export const QUESTION_NAMES = Object.keys(QUESTIONS)
export const p99Of = (question: string): string => `${question}P99`

/** `serve` on a database in which nothing is due: its start, its load at rest, and the times of its API. */
export const measureService = async (filled: Filled, idleSeconds: number): Promise<Sample> => {
  await using service = await openService(dirname(filled.path), {
    ...benchEnvironment(dirname(filled.path)),
    DATABASE_URL: `file:${filled.path}`,
    MASTER_KEY: filled.masterKey.toString('base64'),
  })
  await sleep(SETTLE_MS)
  const cpu = cpuSeconds(service.pid)
  await sleep(idleSeconds * 1000)
  const idlePercent = ((cpuSeconds(service.pid) - cpu) / idleSeconds) * 100
  const idleRssMb = residentMb(service.pid)

  await using api = openApi(service.url, filled.apiKey, { connections: 1 })
  const sample: Record<string, number> = { startMs: service.startMs, idlePercent, idleRssMb }
  for (const [name, path] of Object.entries(QUESTIONS)) {
    const times: number[] = []
    const endsAt = performance.now() + LONGEST_MS
    while (times.length < CALLS && performance.now() < endsAt) {
      const startedAt = performance.now()
      await api.get(path(filled))
      times.push(performance.now() - startedAt)
    }
    sample[p99Of(name)] = percentile(times, 0.99)
  }
  return { ...sample, rssMb: residentMb(service.pid) }
}
