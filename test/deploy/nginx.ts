import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import type { IncomingHttpHeaders } from 'node:http'
import { type Agent, request } from 'node:https'
import { join } from 'node:path'
import { createAuthority } from '../support/certificate.ts'
import { freePorts } from '../support/free-ports.ts'
import { openFolder } from '../support/service.ts'

export const HAS_NGINX = spawnSync('nginx', ['-v']).status === 0
const NAME = 'notifier.example.com'
const SHIPPED = join(import.meta.dirname, '../../deploy/nginx/idface-notifier.conf')
const START_MS = 10_000

/** Fails if the shipped file no longer has a text to change. */
const replaced = (text: string, changes: readonly (readonly [from: string, to: string])[]): string =>
  changes.reduce((changed, [from, to]) => {
    if (!changed.includes(from)) throw new Error(`the shipped configuration has no ${from}`)
    return changed.replaceAll(from, to)
  }, text)

interface Call {
  method?: string
  headers?: Record<string, string>
  body?: string
  /** The address that it comes from. */
  from?: string
  agent?: Agent
}

/** nginx with the shipped file in front of `port`: only ports, folders and the operator's address are others. */
export const openNginx = async ({ port, operator }: { port: number; operator: string }) => {
  await using stack = new AsyncDisposableStack()
  const { path } = stack.use(await openFolder())
  const [plain = 0, tls = 0] = await freePorts(2)
  const { key, cert } = createAuthority(new Date()).selfSigned([NAME])
  const site = replaced(await readFile(SHIPPED, 'utf8'), [
    ['server 127.0.0.1:8080;', `server 127.0.0.1:${port};`],
    ['listen 80;', `listen 127.0.0.1:${plain};`],
    ['listen [::]:80;', ''],
    ['listen 443 ssl;', `listen 127.0.0.1:${tls} ssl;`],
    ['listen [::]:443 ssl;', ''],
    ['/etc/ssl/idface-notifier', path],
    ['/var/log/nginx', path],
    ['allow 127.0.0.1;', `allow ${operator};`],
  ])
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${path}/tmp;`)
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  const main = `${user} pid ${path}/pid; daemon off; worker_processes 1; events {} http { ${temporary.join(' ')} include ${path}/site.conf; }`
  await mkdir(join(path, 'tmp'))
  for (const [name, text] of [
    ['privkey.pem', key],
    ['fullchain.pem', cert],
    ['site.conf', site],
    ['nginx.conf', main],
  ] as const)
    await writeFile(join(path, name), text)

  const nginx = spawn('nginx', ['-e', 'stderr', '-c', join(path, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let told = ''
  nginx.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    told += chunk
  })
  const ended = once(nginx, 'close')
  stack.defer(async () => {
    nginx.kill('SIGTERM')
    await ended
  })

  const call = (target: string, { method = 'GET', headers = {}, body = '', from = '127.0.0.1', agent }: Call = {}) =>
    new Promise<{ status: number; headers: IncomingHttpHeaders; body: string }>((resolve, reject) => {
      const options = { method, headers, localAddress: from, servername: NAME, ca: cert, agent: agent ?? false }
      const outgoing = request(
        `https://127.0.0.1:${tls}${target}`,
        { ...options, host: '127.0.0.1' },
        async incoming => {
          const chunks: Buffer[] = await incoming.toArray()
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            body: Buffer.concat(chunks).toString(),
          })
        },
      )
      outgoing.on('error', reject).end(body)
    })

  const endsAt = performance.now() + START_MS
  for (;;) {
    if (nginx.exitCode !== null || performance.now() > endsAt) throw new Error(`nginx does not start: ${told}`)
    const isUp = await call('/metrics').then(
      () => true,
      () => false,
    )
    if (isUp) break
  }
  const opened = stack.move()
  return {
    call,
    plainUrl: `http://127.0.0.1:${plain}`,
    log: () => readFile(join(path, 'idface-notifier.log'), 'utf8'),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}
