import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

interface Connection {
  socket: Socket
  /** The request that has not been answered to its last byte yet. */
  exchange: { request: IncomingMessage; response: ServerResponse } | null
  /** When it last began or ended an exchange, as a number that counts up over all connections. */
  idleSince: number
  /** For how many looks in a row its answer has been complete, and too little of it taken. */
  untakenLooks: number
  /** Bytes that the peer's system had not taken at the first of them. */
  untaken: number
}

/** Of an answer so much has to be taken in `mostUntakenLooks`: a byte now and then would keep all of it in memory for hours. */
const LEAST_TAKEN_BYTES = 64 * 1024

interface ConnectionLimits {
  most: number
  /** How often in a row `look` may find that of an answer less than 64 KiB have been taken. */
  mostUntakenLooks: number
  /** Has the caller that has waited longest answered; false: nobody waits. */
  endLongestWait: () => boolean
}

/**
 * Keeps at most `most` connections. When there is one more, the one that has been idle longest is closed; where none is idle,
 * the longest wait is ended. A connection whose request is being answered stays; those that send nothing or send slowly, or do
 * not take what has been said to them, can never keep others out.
 */
export const createConnections = ({ most, mostUntakenLooks, endLongestWait }: ConnectionLimits) => {
  const connections = new Map<Socket, Connection>()
  let idleCount = 0
  let isClosing = false

  /** Searches all connections, which is rare; keeping them in order would cost time with every request. */
  const makeRoom = () => {
    let idlest: Connection | null = null
    for (const connection of connections.values())
      if (!isAnswering(connection) && (idlest === null || connection.idleSince < idlest.idleSince)) idlest = connection
    // The newest connection has sent nothing yet: it goes last.
    const isOld = idlest !== null && idlest.idleSince < idleCount
    if (idlest && (isOld || !endLongestWait())) drop(idlest)
  }
  const drop = ({ socket }: Connection) => {
    connections.delete(socket)
    socket.destroy()
  }

  return {
    add: (socket: Socket): void => {
      connections.set(socket, {
        socket,
        exchange: null,
        idleSince: ++idleCount,
        untakenLooks: 0,
        untaken: Number.POSITIVE_INFINITY,
      })
      socket.once('close', () => connections.delete(socket))
      if (connections.size > most) makeRoom()
    },

    /**
     * What stands before the API: it gets one request of a connection at a time. Whoever sends the next one before the answer
     * has gone out is cut off, because a thousand requests fit into a packet, and their answers into no memory.
     */
    gate:
      (listener: RequestListener): RequestListener =>
      (request, response) => {
        const connection = connections.get(request.socket)
        if (!connection) return
        if (connection.exchange) return drop(connection)
        connection.exchange = { request, response }
        connection.idleSince = ++idleCount
        if (isClosing) response.setHeader('connection', 'close')
        response.on('close', () => {
          connection.exchange = null
          connection.idleSince = ++idleCount
          connection.untakenLooks = 0
          if (isClosing) connection.socket.end()
        })
        listener(request, response)
      },

    /** Closes the connections whose answers are complete, and of which too little has been taken over the last looks. */
    look: (): void => {
      for (const connection of connections.values()) {
        const { socket } = connection
        const untaken = untakenBytes(socket)
        const taken = connection.untaken - untaken
        // Below 0 it is the first look at this answer.
        if (!isSaid(connection) || taken < 0 || taken >= LEAST_TAKEN_BYTES) {
          connection.untakenLooks = 0
          connection.untaken = untaken
        } else if (++connection.untakenLooks > mostUntakenLooks) drop(connection)
      }
    },

    /** Each answer ends its connection from now on. Resolves when those that are under way now have gone out. */
    drain: async (): Promise<void> => {
      isClosing = true
      const answers = [...connections.values()].filter(isAnswering).map(({ exchange }) => exchange?.response)
      await Promise.all(answers.map(answer => new Promise(resolve => answer?.once('close', resolve))))
    },

    /** Closes all idle connections now, and the others when their answer has been taken. */
    closeIdle: (): void => {
      isClosing = true
      for (const connection of connections.values())
        if (!isAnswering(connection) && !isSaid(connection)) drop(connection)
    },
  }
}

/** Node's own time-outs go by the same queue: within one large write nothing else shows progress. */
const untakenBytes = (socket: Socket): number => {
  const { _handle: handle } = socket as Socket & { _handle?: { writeQueueSize?: number } | null }
  return socket.writableLength + (handle?.writeQueueSize ?? 0)
}

/** Everything has been said; only the peer delays. */
const isSaid = ({ exchange }: Connection): boolean => exchange?.response.writableEnded === true

/** Only a complete request is being answered; a slow sender or a slow reader counts as idle. */
const isAnswering = (connection: Connection): boolean =>
  connection.exchange?.request.complete === true && !isSaid(connection)
