import { once } from 'node:events'
import { createServer as createPlainServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { type Names, type Scheme, serverOptions, urlOf } from '../support/tls.ts'

/** An honest receiver in this process, which tells the serial of each webhook as soon as it has come. */
export const openHook = async (scheme: Scheme, { certificate }: Pick<Names, 'certificate'>) => {
  let tell = (_serial: string) => {}
  const listener: RequestListener = async (request, response) => {
    const { data } = JSON.parse(await text(request)) as { data: { idcardid: string } }
    tell(data.idcardid)
    response.end('ok')
  }
  const server =
    scheme === 'https' ? createSecureServer(serverOptions(certificate), listener) : createPlainServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: urlOf(scheme, (server.address() as AddressInfo).port),
    onSerial: (listen: (serial: string) => void) => {
      tell = listen
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
