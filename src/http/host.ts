import type { RequestListener } from 'node:http'

/**
 * Answers 400 where `Host` is no host: `1.2.3.4.5` would be an address, of which no URL can be made. Most callers send the
 * same one each time.
 */
export const requireHost = (listener: RequestListener): RequestListener => {
  let lastGood = ''
  return (request, response) => {
    const { host } = request.headers
    if (host !== undefined && host !== lastGood) {
      if (!URL.canParse(`http://${host}`)) {
        response.writeHead(400, { 'content-length': 0, connection: 'close' }).end()
        return
      }
      lastGood = host
    }
    listener(request, response)
  }
}
