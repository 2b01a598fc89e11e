import type { Client } from 'pg'
import { yieldToLoop } from '../../../src/core/clock.ts'
import { pg } from '../../../src/store/postgres/drizzle.ts'
import { TIME_LIMITS } from '../../../src/store/postgres/pool.ts'
import type { Draw } from '../draw.ts'
import type { Machine } from './node.ts'
import type { Time } from './time.ts'

/** A connection, as pg has it. */
interface Session extends Client {
  processID: number
  connectionParameters: { application_name?: string; fallback_application_name?: string }
}
/** A statement that a session has sent. */
interface Sent {
  pid: number
  result: Promise<unknown>
  isDone: boolean
  isBlocked: boolean
}

/** By the system's clock: a longer statement may wait for a lock. */
const LOOK_MS = 10
const never = () => new Promise<never>(() => {})
const failure = (code: string) => Object.assign(new Error(code), { code })

/**
 * The order of statements at the database of a history, one at a time: the seed draws one of those that may be next.
 *
 * @param control for questions and commands to the server itself
 */
export const createTurns = ({ time, draw, control }: { time: Time; draw: Draw; control: Client }) => {
  const ready: (() => Promise<void>)[] = []
  const pids = new Set<number>()
  const sent = new Set<Sent>()
  /** Sessions that listen to hints. */
  const listeners = new Map<Session, () => Promise<void>>()
  let isServing = false

  const serve = async (): Promise<void> => {
    isServing = true
    for (;;) {
      // A session that goes on after the last statement may be next, too.
      for (let turns = 0; turns < 3; turns++) await yieldToLoop()
      const [run] = ready.splice(draw.below(ready.length), 1)
      if (!run) break
      await run()
    }
    isServing = false
  }
  const turn = <T>(run: () => Promise<T>): Promise<T> =>
    time.during(() => {
      const { promise, resolve, reject } = Promise.withResolvers<T>()
      ready.push(() => run().then(resolve, reject))
      if (!isServing) void serve()
      return promise
    })

  /** Until each statement is done, or waits for a lock of another session. */
  const calm = async (): Promise<void> => {
    while (sent.size > 0) {
      const going = [...sent].filter(({ isBlocked }) => !isBlocked)
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, LOOK_MS)
        void Promise.allSettled(going.map(({ result }) => result)).then(() => {
          clearTimeout(timer)
          resolve()
        })
      })
      const all = [...sent]
      if (all.length === 0) return
      const { rows } = await control.query<{ pid: number }>(
        'SELECT pid FROM unnest($1::int[]) AS pid WHERE pg_blocking_pids(pid) && $2::int[]',
        [all.map(({ pid }) => pid), [...pids]],
      )
      const blocked = new Set(rows.map(({ pid }) => pid))
      for (const one of all) one.isBlocked = blocked.has(one.pid)
      if (all.every(({ isBlocked }) => isBlocked)) return
    }
  }
  const send = async (client: Session, run: () => Promise<unknown>): Promise<Sent> => {
    const one: Sent = { pid: client.processID, result: run(), isDone: false, isBlocked: false }
    const end = () => {
      one.isDone = true
      sent.delete(one)
    }
    one.result.then(end, end)
    sent.add(one)
    await calm()
    return one
  }
  /** The server's own limit, in simulated time. */
  const breakOff = async (one: Sent): Promise<void> => {
    await time.wait(TIME_LIMITS.lockMs)
    await turn(async () => {
      if (one.isDone) return
      await control.query('SELECT pg_cancel_backend($1)', [one.pid])
      await one.result.catch(() => {})
      await calm()
    })
  }
  /** Ends the session; its uncommitted work is undone. */
  const end = (client: Session): Promise<void> =>
    turn(async () => {
      if (!pids.delete(client.processID)) return
      const gone = new Promise(resolve => client.once('end', resolve))
      await control.query('SELECT pg_terminate_backend($1)', [client.processID])
      await gone
      await calm()
    })

  /** The database connections of one process. */
  return (machine: Machine) => {
    const clients = new Set<Session>()
    const reading = new Set<Session>()
    let isDead = false
    // The server ends its sessions when it hears of it, at the latest when it has heard nothing of them for too long.
    void machine.death.then(async () => {
      isDead = true
      const from = time.now()
      await time.wait(draw.chance(0.5) ? 0 : draw.below(TIME_LIMITS.idleMs))
      for (const client of clients) await end(client)
      machine.keepsWaiting(from)
    })
    const alive = async (): Promise<void> => {
      while (!machine.isAwake()) await machine.awake()
      if (isDead) await never()
    }
    const endIdle = async (client: Session): Promise<void> => {
      const from = time.now()
      const woken = machine.awake().then(() => true)
      if (!(await Promise.race([woken, time.wait(TIME_LIMITS.idleMs)]))) await end(client)
      if (!reading.has(client)) machine.keepsWaiting(from)
    }
    /** Instead of NOTIFY, whose notifications come whenever they do. */
    const hint = (client: Session, payload: unknown): null => {
      if (payload === undefined) listeners.set(client, alive)
      else
        for (const [listener, alive] of listeners) {
          const isLost = draw.chance(0.05)
          const hear = async () => {
            await alive()
            if (!isLost) listener.emit('notification', { payload })
          }
          void time.wait(1 + draw.below(draw.chance(0.1) ? 100 : 10)).then(hear)
        }
      return null
    }
    const fateOf = (client: Session, text: string): string | null => {
      if (text.startsWith('BEGIN')) reading[text.includes('READ ONLY') ? 'add' : 'delete'](client)
      if (reading.has(client)) return null
      if (draw.chance(0.1)) machine.stir()
      const doom = draw.chance(text === 'COMMIT' ? 0.5 : 0.1) ? machine.takeDoom() : null
      return doom && `${doom} ${draw.oneOf(['before', 'after'])}`
    }
    const meet = async (fate: string, client: Session): Promise<never> => {
      if (fate.startsWith('dies')) {
        machine.die()
        return never()
      }
      await end(client)
      throw failure('ECONNRESET')
    }
    return {
      connect: async (client: Session, run: () => Promise<unknown>): Promise<void> => {
        await alive()
        if (isForHints(client)) return
        await turn(run)
        clients.add(client)
        pids.add(client.processID)
      },
      query: async (client: Session, text: string, values: readonly unknown[], run: () => Promise<unknown>) => {
        await alive()
        if (isForHints(client)) return hint(client, values[1])
        await time.wait(draw.chance(0.05) ? draw.below(200) : draw.below(4))
        if (isDead) return never()
        const fate = fateOf(client, text)
        if (fate?.endsWith('before')) return meet(fate, client)
        const one = await turn(() => send(client, run))
        if (!one.isDone) void breakOff(one)
        const [outcome] = await Promise.allSettled([one.result])
        if (!machine.isAwake() && text !== 'COMMIT' && text !== 'ROLLBACK') void endIdle(client)
        await alive()
        if (fate) return meet(fate, client)
        if (outcome.status === 'fulfilled') return outcome.value
        // The server's error after it was told to cancel.
        throw outcome.reason.code === '57014' ? failure('55P03') : outcome.reason
      },
      end,
    }
  }
}

/** By the `fallback_application_name` in the address of a connection. Connections without one are not ordered. */
export const seats = new Map<string, ReturnType<ReturnType<typeof createTurns>>>()
const seatOf = ({ connectionParameters: { fallback_application_name: key = '' } }: Session) => seats.get(key)
const isForHints = ({ connectionParameters }: Session) => connectionParameters.application_name?.endsWith(' hints')

type Told = ((error: unknown, result?: unknown) => void) | undefined
type Asked = string | { text: string; values?: readonly unknown[] }
type Run = (...args: unknown[]) => Promise<unknown>
/** A pool gives callbacks, others take promises. */
const tell = (result: Promise<unknown>, told: Told) =>
  told ? void result.then(value => told(null, value), told) : result

/** The last of each connection. */
const answers = new WeakMap<Session, Promise<unknown>>()
const { connect, query, end } = pg.Client.prototype as unknown as Record<'connect' | 'query' | 'end', Run>
const { connect: take } = pg.Pool.prototype as unknown as { connect: Run }
Object.assign(pg.Client.prototype, {
  connect(this: Session, told: Told) {
    const run = () => connect.call(this)
    const seat = seatOf(this)
    return seat ? tell(seat.connect(this, run), told) : connect.call(this, told)
  },
  query(this: Session, asked: Asked, values?: readonly unknown[]) {
    const { text, values: own = values ?? [] } = typeof asked === 'string' ? { text: asked } : asked
    const run = () => query.call(this, asked, values)
    const seat = seatOf(this)
    if (!seat) return run()
    // A statement behind another is next when that one has been answered, as on the server.
    const next = () => seat.query(this, text, own, run)
    const answer = (answers.get(this) ?? Promise.resolve()).then(next, next)
    answers.set(this, answer)
    return answer
  },
  end(this: Session, told: Told) {
    const seat = seatOf(this)
    return seat ? tell(seat.end(this), told) : end.call(this, told)
  },
})
Object.assign(pg.Pool.prototype, {
  connect(this: { options: { idleTimeoutMillis: number } }, told: Told) {
    // A connection that is not used would end by the clock of the system.
    this.options.idleTimeoutMillis = 0
    return take.call(this, told)
  },
})
