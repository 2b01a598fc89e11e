import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TransactionPooler {
  /** The address of a database behind it. */
  urlOf: (database: string) => string
  [Symbol.asyncDispose]: () => Promise<void>
}

const SOCKET = '.s.PGSQL.5432'
const READY = 'Z'
const TERMINATE = 'X'
const IDLE = 'I'

const message = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

/** AuthenticationOk, BackendKeyData, ReadyForQuery. */
const WELCOME = Buffer.concat([
  message('R', Buffer.alloc(4)),
  message('K', Buffer.alloc(8)),
  message(READY, Buffer.from(IDLE)),
])

/** Calls `take` for each whole message; the first of a client has no type. */
const createSplitter = (hasStartup: boolean, take: (type: string, whole: Buffer) => void) => {
  let left: Buffer = Buffer.alloc(0)
  let isStartup = hasStartup
  return (piece: Buffer) => {
    left = Buffer.concat([left, piece])
    for (;;) {
      const at = isStartup ? 0 : 1
      if (left.length < at + 4) return
      const size = at + left.readInt32BE(at)
      if (left.length < size) return
      const whole = left.subarray(0, size)
      left = left.subarray(size)
      take(isStartup ? '' : whole.toString('latin1', 0, 1), whole)
      isStartup = false
    }
  }
}

interface Session {
  socket: Socket
  /** Whose transaction it runs. */
  client: Socket | null
}

/**
 * As PgBouncer in transaction mode: gives each transaction the connection of the server that has rested longest, of `size`, and keeps
 * nothing of a session. For one user and one database.
 */
export const openTransactionPooler = async (
  server: { folder: string; urlOf: (database: string) => string },
  size: number,
): Promise<TransactionPooler> => {
  const folder = mkdtempSync(join(tmpdir(), 'notifier-pooler-'))
  const sessions: Promise<Session>[] = []
  const free: Session[] = []
  const waiting: ((session: Session) => void)[] = []
  const clients = new Set<Socket>()

  const release = (session: Session) => {
    session.client = null
    const next = waiting.shift()
    if (next) next(session)
    else free.push(session)
  }
  const openSession = async (startup: Buffer): Promise<Session> => {
    const session: Session = { socket: connect(join(server.folder, SOCKET)), client: null }
    const { promise, resolve } = Promise.withResolvers<Session>()
    let isOpen = false
    const split = createSplitter(false, (type, whole) => {
      session.client?.write(whole)
      if (type !== READY || whole.toString('latin1', 5) !== IDLE) return
      release(session)
      if (!isOpen) resolve(session)
      isOpen = true
    })
    session.socket.on('data', split).on('error', () => {})
    session.socket.write(startup)
    return promise
  }
  const acquire = (): Promise<Session> => {
    const session = free.shift()
    if (session) return Promise.resolve(session)
    const { promise, resolve } = Promise.withResolvers<Session>()
    waiting.push(resolve)
    return promise
  }

  const listener = createServer(client => {
    clients.add(client)
    const pending: Buffer[] = []
    let session: Session | null = null
    let isAcquiring = false
    const forward = async (whole: Buffer) => {
      pending.push(whole)
      if (isAcquiring) return
      if (session?.client !== client) {
        isAcquiring = true
        session = await acquire()
        session.client = client
        isAcquiring = false
      }
      for (const piece of pending.splice(0)) session.socket.write(piece)
    }
    const split = createSplitter(true, (type, whole) => {
      if (type === TERMINATE) client.end()
      else if (type !== '') void forward(Buffer.from(whole))
      else {
        while (sessions.length < size) sessions.push(openSession(Buffer.from(whole)))
        client.write(WELCOME)
      }
    })
    client.on('data', split).on('error', () => {})
    client.on('close', () => clients.delete(client))
  })
  listener.listen(join(folder, SOCKET))
  await once(listener, 'listening')
  return {
    urlOf: database =>
      server.urlOf(database).replace(encodeURIComponent(server.folder), () => encodeURIComponent(folder)),
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.destroy()
      for (const { socket } of await Promise.all(sessions)) socket.destroy()
      listener.close()
      await once(listener, 'close')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
