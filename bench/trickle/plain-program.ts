import { createHmac } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import Database from 'better-sqlite3'
import { Hono } from 'hono'
import { dynamicPassword } from '../../src/upstream/upstream.ts'
import { SECRET } from '../deliver/job.ts'
import { answerMessages } from '../support/child.ts'
import { ACCOUNT } from '../support/jobs.ts'

export interface Opening {
  kind: 'open'
  path: string
  upstreamUrl: string
  intervalMs: number
}
export interface Opened {
  url: string
  apiKey: string
}
export interface Done {
  commits: number
}
type Order = Opening | { kind: 'done' }

interface Job {
  idcardid: string
  callback_url: string
  /** The webhook, once there is a verdict. */
  body: string | null
  tries: number
}

const API_KEY = 'the-only-partner-of-this-program'
const SWEEP_MS = 20
const MOST_IN_FLIGHT = 100
const TIMEOUT_MS = 10_000
const FIRST_RETRY_MS = 5_000
const MOST_TRIES = 10

const SCHEMA = `
  CREATE TABLE jobs (
    idcardid TEXT PRIMARY KEY, callback_url TEXT NOT NULL, metadata TEXT NOT NULL, state TEXT NOT NULL,
    created_at INTEGER NOT NULL, due_at INTEGER, tries INTEGER NOT NULL DEFAULT 0, body TEXT
  );
  CREATE INDEX jobs_due ON jobs (due_at)`

/**
 * The service's work for one partner, as a program of one day: registers, polls GetResult until there is a verdict,
 * sends a signed webhook. One table, one loop over due rows, one statement and one commit for each step, one rule of
 * retries. A crash repeats the steps in flight.
 */
const openProgram = async ({ path, upstreamUrl, intervalMs }: Opening) => {
  const database = new Database(path)
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.exec(SCHEMA)
  const insert = database.prepare(`INSERT INTO jobs (idcardid, callback_url, metadata, state, created_at, due_at)
    VALUES (?, ?, ?, 'open', ?, ?) ON CONFLICT DO NOTHING`)
  const due = database.prepare<[number, number], Job>(
    'SELECT idcardid, callback_url, body, tries FROM jobs WHERE due_at <= ? ORDER BY due_at LIMIT ?',
  )
  const askLater = database.prepare('UPDATE jobs SET due_at = ?, tries = 0 WHERE idcardid = ?')
  const tryLater = database.prepare('UPDATE jobs SET due_at = ?, tries = tries + 1 WHERE idcardid = ?')
  const keepVerdict = database.prepare(
    "UPDATE jobs SET state = 'verdict', body = ?, due_at = ?, tries = 0 WHERE idcardid = ?",
  )
  const end = database.prepare('UPDATE jobs SET state = ?, due_at = NULL WHERE idcardid = ?')
  const key = Buffer.from(SECRET.replace('whsec_', ''), 'base64')
  const done: Done = { commits: 0 }
  const commit = (statement: Database.Statement, ...values: unknown[]): Database.RunResult => {
    done.commits++
    return statement.run(...values)
  }
  const log = (event: string, fields: object) =>
    process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), event, ...fields })}\n`)

  const ask = async ({ idcardid }: Job): Promise<void> => {
    const time = Math.floor(Date.now() / 1000)
    const answer = await fetch(upstreamUrl, {
      method: 'POST',
      body: new URLSearchParams({
        account: ACCOUNT.apiId,
        idcardid,
        password: dynamicPassword({ ...ACCOUNT, time }),
        time: String(time),
      }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const { code, result } = (await answer.json()) as { code: number; result: { status: string } }
    if (code !== 2) throw new Error(`GetResult answered ${code}`)
    if (result.status === 'ING') commit(askLater, Date.now() + intervalMs, idcardid)
    else {
      const body = JSON.stringify({
        type: result.status === 'SUCCESS' ? 'idface.succeeded' : 'idface.failed',
        timestamp: new Date().toISOString(),
        data: { idcardid, ...result },
      })
      commit(keepVerdict, body, Date.now(), idcardid)
    }
  }

  const tell = async ({ idcardid, callback_url, body }: Job): Promise<void> => {
    const timestamp = String(Math.floor(Date.now() / 1000))
    const signature = createHmac('sha256', key).update(`${idcardid}.${timestamp}.${body}`).digest('base64')
    const answer = await fetch(callback_url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': idcardid,
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${signature}`,
      },
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    await answer.arrayBuffer()
    if (!answer.ok) throw new Error(`answered ${answer.status}`)
    commit(end, 'told', idcardid)
    log('told', { idcardid })
  }

  const inFlight = new Set<string>()
  const step = async (job: Job): Promise<void> => {
    inFlight.add(job.idcardid)
    try {
      await (job.body === null ? ask(job) : tell(job))
    } catch (error) {
      log('failed', { idcardid: job.idcardid, error: String(error) })
      if (job.tries + 1 >= MOST_TRIES) commit(end, 'failed', job.idcardid)
      else commit(tryLater, Date.now() + FIRST_RETRY_MS * 2 ** job.tries, job.idcardid)
    }
    inFlight.delete(job.idcardid)
  }
  setInterval(() => {
    for (const job of due.all(Date.now(), MOST_IN_FLIGHT))
      if (!inFlight.has(job.idcardid) && inFlight.size < MOST_IN_FLIGHT) void step(job)
  }, SWEEP_MS)

  const app = new Hono()
  app.post('/v1/registrations', async c => {
    if (c.req.header('authorization') !== `Bearer ${API_KEY}`) return c.json({ title: 'Unauthorized' }, 401)
    const { idcardid, callbackUrl, metadata = {} } = await c.req.json()
    if (typeof idcardid !== 'string' || !URL.canParse(callbackUrl)) return c.json({ title: 'Bad Request' }, 400)
    const now = Date.now()
    const { changes } = commit(insert, idcardid, callbackUrl, JSON.stringify(metadata), now, now + intervalMs)
    log('registered', { idcardid })
    return c.json({ idcardid, callbackUrl, metadata, status: 'open' }, changes === 1 ? 201 : 200)
  })
  const { port } = await new Promise<AddressInfo>(resolve => {
    serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, resolve)
  })
  return { url: `http://127.0.0.1:${port}`, done }
}

const runProgram = () => {
  let program: Awaited<ReturnType<typeof openProgram>> | null = null
  answerMessages(async (order: Order) => {
    if (order.kind === 'done') return { ...program?.done }
    program = await openProgram(order)
    return { url: program.url, apiKey: API_KEY }
  })
}

if (import.meta.main) runProgram()
