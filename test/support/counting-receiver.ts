import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import type { Certificate } from './certificate.ts'

interface Setup {
  certificate: Certificate
  body: string
}

/**
 * An HTTPS server on a thread of its own, so that its answers arrive as early as those of another machine can. It counts
 * its connections.
 */
export const openCountingReceiver = async (setup: Setup) => {
  const worker = new Worker(new URL(import.meta.url), { workerData: setup })
  const ask = async (): Promise<number> => {
    const [answer] = await once(worker, 'message')
    return answer as number
  }
  const port = await ask()
  return {
    url: `https://127.0.0.1:${port}/hook`,
    connections: () => {
      const counted = ask()
      worker.postMessage('count')
      return counted
    },
    [Symbol.asyncDispose]: async () => void (await worker.terminate()),
  }
}

const serve = async ({ certificate, body }: Setup) => {
  let connections = 0
  const server = createServer({ ...certificate, keepAliveTimeout: 60_000 }, (request, response) => {
    request.resume()
    response.end(body)
  })
  server.on('secureConnection', () => void connections++)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  parentPort?.on('message', () => parentPort?.postMessage(connections))
  parentPort?.postMessage((server.address() as AddressInfo).port)
}

if (!isMainThread && parentPort && workerData?.certificate) await serve(workerData as Setup)
