import { once } from 'node:events'
import { connect } from 'node:net'

/** A connection on which anything may be sent. `text` is all that has come back, as latin1. */
export const openRawClient = async (url: string, { localAddress = '127.0.0.1' } = {}) => {
  const { hostname, port } = new URL(url)
  const openedAt = performance.now()
  const socket = connect({ host: hostname, port: Number(port), localAddress })
  const seen = { text: '', error: null as string | null }
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    seen.text += chunk
  })
  // A server that closes on a client that still sends resets the connection: an end like any other.
  socket.on('error', (error: NodeJS.ErrnoException) => {
    seen.error = error.code ?? 'unknown'
  })
  const closed = new Promise<number>(resolve => {
    socket.once('close', () => resolve(performance.now() - openedAt))
  })
  await Promise.race([once(socket, 'connect').catch(() => {}), closed])

  return {
    socket,
    seen: seen as Readonly<typeof seen>,
    /** Resolves once the connection has ended, with the ms that it lived. */
    closed,
    send: (bytes: string | Buffer): boolean => socket.writable && socket.write(bytes, 'latin1'),
    /** The text as soon as it has this, or as soon as nothing more will come. */
    until: (accepts: (text: string) => boolean): Promise<string> =>
      new Promise(resolve => {
        const look = () => {
          if (!accepts(seen.text) && !socket.destroyed) return
          socket.off('data', look).off('close', look)
          resolve(seen.text)
        }
        socket.on('data', look).on('close', look)
        look()
      }),
    [Symbol.asyncDispose]: async () => {
      socket.destroy()
      await closed
    },
  }
}

export type RawClient = Awaited<ReturnType<typeof openRawClient>>

/** Sends this and gives all that comes back until the server closes. */
export const exchange = async (url: string, bytes: string): Promise<string> => {
  await using client = await openRawClient(url)
  client.send(bytes)
  await client.closed
  return client.seen.text
}

/** The status lines of the responses, in order. */
export const statusesOf = (text: string): number[] =>
  [...text.matchAll(/(?:^|\r\n|\})HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))

/** `METHOD path` with these headers, `host` and an end of the head. */
export const head = (line: string, headers: Readonly<Record<string, string>> = {}): string => {
  const lines = Object.entries({ host: 'notifier.example', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${line} HTTP/1.1\r\n${lines.join('')}\r\n`
}
