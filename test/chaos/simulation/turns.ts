import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { yieldToLoop } from '../../../src/core/clock.ts'
import { pg } from '../../../src/store/postgres/drizzle.ts'
import { TIME_LIMITS } from '../../../src/store/postgres/pool.ts'
import type { Draw } from '../draw.ts'
import type { Machine } from './node.ts'
import type { Time } from './time.ts'

/** Runs a statement on a connection of its own, which nobody else waits for. */
export type Control = <Row>(text: string, values?: unknown[]) => Promise<Row[]>

/** A statement that a session has sent. */
interface Sent {
  pid: number
  result: Promise<unknown>
  isDone: boolean
  /** Why the server breaks it off, as it says that itself; null: it does not. */
  brokenOff: string | null
}

/** A wait for a lock is looked at for a deadlock after so long. */
const DEADLOCK_MS = 1_000
/** By the clock of the system: what takes longer may wait for a lock. */
const LOOK_MS = 2
/** As pg has it. */
export interface Session extends Client {
  processID: number
  connectionParameters: { application_name?: string; fallback_application_name?: string }
}
interface Query {
  text: string
  values?: unknown[] | undefined
}
const never = () => new Promise<never>(() => {})

/** Those of a history at its database, where one thing happens at a time: of all that may be next the seed draws one. */
export const createTurns = ({ time, draw, control }: { time: Time; draw: Draw; control: Control }) => {
  const ready: (() => Promise<void>)[] = []
  const pids = new Set<number>()
  const sent = new Set<Sent>()
  let isServing = false

  const serve = async (): Promise<void> => {
    isServing = true
    for (;;) {
      // Whoever goes on after the one before may be next, too.
      for (let turns = 0; turns < 3; turns++) await yieldToLoop()
      const [run] = ready.splice(draw.below(ready.length), 1)
      if (!run) break
      await run()
    }
    isServing = false
  }
  const turn = <T>(run: () => Promise<T>): Promise<T> =>
    time.during(
      () =>
        new Promise((resolve, reject) => {
          ready.push(() => run().then(resolve, reject))
          if (!isServing) void serve()
        }),
    )

  /** Until each statement is done, or waits for a lock of another session. */
  const calm = async (): Promise<void> => {
    while (sent.size > 0) {
      const all = [...sent]
      const limit = new AbortController()
      const ended = Promise.allSettled(all.map(({ result }) => result))
      await Promise.race([ended, sleep(LOOK_MS, null, { signal: limit.signal }).catch(() => {})])
      limit.abort()
      if (all.every(({ isDone }) => isDone)) continue
      const rows = await control<{ pid: number }>(
        'SELECT pid FROM unnest($1::int[]) AS pid WHERE pg_blocking_pids(pid) && $2::int[]',
        [all.map(({ pid }) => pid), [...pids]],
      )
      if (rows.length === all.length) return
    }
  }
  const send = async (client: Session, run: () => Promise<unknown>): Promise<Sent> => {
    const one: Sent = { pid: client.processID, result: run(), isDone: false, brokenOff: null }
    const end = () => {
      one.isDone = true
      sent.delete(one)
    }
    one.result.then(end, end)
    sent.add(one)
    await calm()
    return one
  }
  const breakOff = (one: Sent, code: string, isDue: () => Promise<boolean>): Promise<void> =>
    turn(async () => {
      if (one.isDone || !(await isDue())) return
      one.brokenOff = code
      await control('SELECT pg_cancel_backend($1)', [one.pid])
      await one.result.catch(() => {})
      await calm()
    })
  const isDeadlocked = async ({ pid }: Sent): Promise<boolean> => {
    const rows = await control(
      `WITH RECURSIVE before(pid) AS (
        SELECT unnest(pg_blocking_pids($1)) UNION SELECT unnest(pg_blocking_pids(pid)) FROM before)
      SELECT FROM before WHERE pid = $1`,
      [pid],
    )
    return rows.length > 0
  }
  /** The server's own limits, in simulated time. */
  const limit = async (one: Sent): Promise<void> => {
    await time.wait(DEADLOCK_MS)
    await breakOff(one, '40P01', () => isDeadlocked(one))
    await time.wait(TIME_LIMITS.lockMs - DEADLOCK_MS)
    await breakOff(one, '55P03', async () => true)
  }

  /** The session ends; what it has not committed is undone. */
  const end = async (client: Session): Promise<void> => {
    if (!pids.delete(client.processID)) return
    const gone = new Promise(resolve => client.once('end', resolve))
    await control('SELECT pg_terminate_backend($1)', [client.processID])
    await gone
    await calm()
  }

  /** What a process has to do with its database, over connections of its own. */
  const openSeat = (machine: Machine) => {
    const clients = new Set<Session>()
    const reading = new Set<Session>()
    let isDead = false
    // Its sessions end when the server hears of it, at the latest when it has heard nothing of them for too long.
    void machine.death.then(async () => {
      isDead = true
      await time.wait(draw.chance(0.5) ? 0 : draw.below(TIME_LIMITS.idleMs))
      for (const client of clients) await turn(() => end(client))
    })
    const alive = async (): Promise<void> => {
      while (!machine.isAwake()) await machine.awake()
      if (isDead) await never()
    }
    const endIdle = async (client: Session): Promise<void> => {
      const woken = machine.awake()
      let isAwake = false
      void woken.then(() => {
        isAwake = true
      })
      await time.wait(TIME_LIMITS.idleMs)
      if (!isAwake) await turn(() => end(client))
    }
    const fateOf = (client: Session, text: string): string | null => {
      if (reading.has(client) || !draw.chance(text === 'COMMIT' ? 0.5 : 0.1)) return null
      const doom = machine.takeDoom()
      return doom && `${doom} ${draw.oneOf(['before', 'after'])}`
    }
    const die = () => {
      machine.die()
      return never()
    }
    const lose = async (client: Session): Promise<never> => {
      await turn(() => end(client))
      throw Object.assign(new Error('the connection is lost'), { code: 'ECONNRESET' })
    }
    return {
      connect: async (client: Session, run: () => Promise<unknown>): Promise<void> => {
        await alive()
        await turn(run)
        clients.add(client)
        pids.add(client.processID)
      },
      query: async (client: Session, { text }: Query, run: () => Promise<unknown>): Promise<unknown> => {
        await alive()
        await time.wait(draw.chance(0.05) ? draw.below(200) : draw.below(4))
        if (isDead) return never()
        if (text.startsWith('BEGIN')) reading[text.includes('READ ONLY') ? 'add' : 'delete'](client)
        const fate = fateOf(client, text)
        if (fate === 'dies before') return die()
        if (fate === 'lost before') return lose(client)
        const one = await turn(() => send(client, run))
        if (!one.isDone) void limit(one)
        const [outcome] = await Promise.allSettled([one.result])
        if (!machine.isAwake() && text !== 'COMMIT' && text !== 'ROLLBACK') void endIdle(client)
        await alive()
        if (fate === 'dies after') return die()
        if (fate === 'lost after') return lose(client)
        if (outcome.status === 'fulfilled') return outcome.value
        throw one.brokenOff === null ? outcome.reason : Object.assign(outcome.reason, { code: one.brokenOff })
      },
      end: (client: Session): Promise<void> => turn(() => end(client)),
      alive,
    }
  }
  return { openSeat }
}
export type Seat = ReturnType<ReturnType<typeof createTurns>['openSeat']>

/** By what `fallback_application_name` in the address of a connection says. Whoever has none there goes by himself. */
export const seats = new Map<string, Seat>()
const seatOf = ({ connectionParameters: { fallback_application_name: key = '' } }: Session) => seats.get(key)
type Told = ((error: unknown, result?: unknown) => void) | undefined
const tell = (result: Promise<unknown>, told: Told) =>
  told ? void result.then(value => told(null, value), told) : result

const { connect, query, end } = pg.Client.prototype as unknown as Record<
  'connect' | 'query' | 'end',
  (...args: unknown[]) => Promise<unknown>
>
Object.assign(pg.Client.prototype, {
  connect(this: Session, told: Told) {
    const seat = seatOf(this)
    return seat
      ? tell(
          seat.connect(this, () => connect.call(this)),
          told,
        )
      : connect.call(this, told)
  },
  query(this: Session, config: string | Query, values?: unknown[]) {
    const asked = typeof config === 'string' ? { text: config, values } : { values, ...config }
    const run = () => query.call(this, config, values)
    return seatOf(this)?.query(this, asked, run) ?? run()
  },
  end(this: Session, told: Told) {
    const seat = seatOf(this)
    return seat ? tell(seat.end(this), told) : end.call(this, told)
  },
})

const pools = pg.Pool.prototype as unknown as {
  options: { idleTimeoutMillis: number }
  connect: (told: Told) => Promise<unknown>
}
const { connect: connectPool } = pools
/** A connection that is not used would end by the clock of the system. */
pools.connect = function (this: typeof pools, told) {
  this.options.idleTimeoutMillis = 0
  return connectPool.call(this, told)
}
