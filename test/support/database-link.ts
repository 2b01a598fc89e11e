import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * The fate of a client's message: `lose` cuts the connection before it arrives, `lose answer` with the answer to its
 * COMMIT.
 */
export type Fate = 'pass' | 'lose' | 'lose answer'

export interface DatabaseLink {
  /** The address of a database behind it. */
  urlOf: (database: string) => string
  /** Decides over each piece that a client sends; all passes at first. */
  judge: (sent: string) => Fate
  /** Open connections, and with `isForNew` new ones too, carry nothing more, without an error. */
  silence: (isForNew?: boolean) => void
  /** Connections carry again, if they are opened from now on. */
  heal: () => void
  /** Cuts all open connections. */
  cut: () => void
  [Symbol.asyncDispose]: () => Promise<void>
}

interface Pair {
  near: Socket
  far: Socket
  isSilent: boolean
}
const SOCKET = '.s.PGSQL.5432'

/** A way to a PostgreSQL server, on a socket in `folder`, that can fail as networks do. */
export const openDatabaseLink = async (server: { folder: string; urlOf: (database: string) => string }) => {
  const folder = mkdtempSync(join(tmpdir(), 'notifier-link-'))
  const pairs = new Set<Pair>()
  const cut = (pair: Pair) => {
    pair.near.destroy()
    pair.far.destroy()
    pairs.delete(pair)
  }
  let isSilentForNew = false

  const listener = createServer(near => {
    const far = connect(join(server.folder, SOCKET))
    const pair = { near, far, isSilent: isSilentForNew }
    pairs.add(pair)
    let isAnswerLost = false
    near.on('data', piece => {
      if (pair.isSilent) return
      const fate = link.judge(piece.toString('latin1'))
      if (fate === 'lose') return cut(pair)
      if (fate === 'lose answer') isAnswerLost = true
      far.write(piece)
    })
    far.on('data', piece => {
      // Statements sent with the COMMIT are answered before it.
      if (isAnswerLost && /(COMMIT|ROLLBACK)\0/.test(piece.toString('latin1'))) return cut(pair)
      if (pair.isSilent) return
      near.write(piece)
    })
    for (const socket of [near, far]) {
      socket.on('error', () => {})
      // A silent link does not report that the other side has gone.
      socket.on('close', () => {
        if (!pair.isSilent) cut(pair)
      })
    }
  })

  const link: DatabaseLink = {
    urlOf: database =>
      server.urlOf(database).replace(encodeURIComponent(server.folder), () => encodeURIComponent(folder)),
    judge: () => 'pass',
    silence: (isForNew = false) => {
      isSilentForNew = isForNew
      for (const pair of pairs) pair.isSilent = true
    },
    heal: () => {
      isSilentForNew = false
    },
    cut: () => pairs.forEach(cut),
    [Symbol.asyncDispose]: async () => {
      pairs.forEach(cut)
      listener.close()
      await once(listener, 'close')
      rmSync(folder, { recursive: true, force: true })
    },
  }
  listener.listen(join(folder, SOCKET))
  await once(listener, 'listening')
  return link
}
