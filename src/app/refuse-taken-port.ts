import { createServer } from 'node:net'
import { StartError } from '../core/error.ts'
import { explainListening } from '../http/listen.ts'

/**
 * Rejects with a sentence for the operator where nobody can listen there. Before the database is opened: a start that cannot listen
 * then neither migrates the file under a service that runs, nor says anything of it.
 */
export const refuseTakenPort = ({ host, port }: { host: string; port: number }): Promise<void> =>
  new Promise((resolve, reject) => {
    const server = createServer(socket => socket.destroy())
    server.on('error', (error: NodeJS.ErrnoException) =>
      reject(new StartError(explainListening(error, { host, port }))),
    )
    server.listen(port, host, () => server.close(() => resolve()))
  })
