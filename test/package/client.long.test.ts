import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { VERSION } from '../../src/version.ts'
import { webhookHandler } from '../../src/webhook/index.ts'
import { openStage } from '../e2e/stage.ts'
import { openFolder } from '../support/service.ts'
import { run } from './install.ts'

const ROOT = join(import.meta.dirname, '../..')
const TSC = join(ROOT, 'node_modules/.bin/tsc')

let folder: Awaited<ReturnType<typeof openFolder>>
let stage: Awaited<ReturnType<typeof openStage>>
/** A partner's project, which has the package from the service and nothing else. */
let project: string
let installed: string

const build = () => run('node', [join(ROOT, 'scripts/served.js')], ROOT)
const TARBALL = `client-${VERSION}.tgz`
const download = async (name = TARBALL) =>
  Buffer.from(await (await fetch(`${stage.service.url}/docs/${name}`)).arrayBuffer())

beforeAll(async () => {
  folder = await openFolder()
  stage = await openStage({ SANDBOX: 'true' })
  expect(await build()).toMatchObject({ code: 0, stderr: '' })
  project = join(folder.path, 'project')
  installed = join(project, 'node_modules/idface-notifier')
  await mkdir(project)
  await writeFile(join(project, 'package.json'), '{"private":true}')
  // There is no registry here, so anything else that it needed would be missing.
  const options = ['--registry=http://127.0.0.1:9', '--fetch-retries=0', '--no-audit', '--no-fund']
  const { code, stderr } = await run('npm', ['install', ...options, `${stage.service.url}/docs/${TARBALL}`], project)
  expect([code, stderr]).toEqual([0, ''])
}, 60_000)
afterAll(async () => {
  await stage[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

/** Registers, receives and verifies the webhook, and sees a wrong option. `load` gets both parts of the package. */
const program = (load: string) => `
import { createServer } from 'node:http'
${load}
const { NOTIFIER_URL: baseUrl, API_KEY: apiKey, WEBHOOK_SECRET: secret } = process.env
const serial = process.argv[2]

const received = Promise.withResolvers ? Promise.withResolvers() : {}
received.promise ??= new Promise(resolve => { received.resolve = resolve })
const handler = webhookHandler({ secret, seen: new Set(), onEvent: event => received.resolve(event) })
const server = createServer(handler).listen(0, '127.0.0.1', async () => {
  const client = createClient({ baseUrl, apiKey })
  const callbackUrl = 'http://127.0.0.1:' + server.address().port + '/hook'
  const { id } = await client.register({ idcardid: serial, callbackUrl, metadata: { note: 'é' } })
  const { status } = await client.waitForVerdict(id)
  const event = await received.promise
  const refused = await client.getRegistration('reg_none').catch(error => error)
  let wrong
  try {
    createClient({ baseUrl, apiKey: secret })
  } catch (error) {
    wrong = error
  }
  console.log(status, event.type, event.data.metadata.note, refused instanceof NotifierError, refused.code, wrong instanceof TypeError)
  server.close()
  server.closeAllConnections()
})
`
const PROGRAMS = {
  'use.mjs': program(`
import { createClient, NotifierError } from 'idface-notifier/client'
import { webhookHandler } from 'idface-notifier/webhook'`),
  'use.cjs': program(`
const { createClient, NotifierError } = require('idface-notifier/client')
const { webhookHandler } = require('idface-notifier/webhook')`).replace(
    "import { createServer } from 'node:http'",
    "const { createServer } = require('node:http')",
  ),
}

const TYPESCRIPT = `
import { createClient, NotifierError, type Registration } from 'idface-notifier/client'
import { type Seen, verifyWebhook, type WebhookEvent, webhookHandler, WebhookVerificationError } from 'idface-notifier/webhook'

declare const env: Record<string, string | undefined>
export const client = createClient({ baseUrl: env['NOTIFIER_URL'], apiKey: env['API_KEY'] })
export const register = async (): Promise<Registration['status']> => {
  const { id } = await client.register({ idcardid: '1', callbackUrl: 'https://x.example', expiresAt: new Date() })
  return (await client.waitForVerdict(id, { timeoutMs: 60_000 })).status
}
export const idsOf = async (): Promise<string[]> =>
  (await client.registerBatch([])).map(result =>
    result.status === 200 || result.status === 201 ? result.registration.id : result.problem.detail,
  )
const seen: Seen = { has: async id => id === '', add: async () => {} }
export const handler = webhookHandler({ secret: env['WEBHOOK_SECRET'], seen, onEvent: event => event.id })
export const answered = async (request: Request): Promise<number> => (await handler(request)).status
export const fetchServer: { fetch(request: Request, env: object): Promise<Response> } = { fetch: handler }
export const verified = async (headers: Headers, body: Uint8Array): Promise<WebhookEvent['type']> =>
  (await verifyWebhook({ secrets: ['whsec_'], headers, body })).type
export const codeOf = (error: unknown) =>
  error instanceof WebhookVerificationError || error instanceof NotifierError ? error.code : undefined

// @ts-expect-error the handler needs onEvent
webhookHandler({ secret: 'whsec_' })
// @ts-expect-error the key is missing
createClient({ baseUrl: 'https://notifier.example' })
`

const STRICT = {
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  noEmit: true,
  target: 'es2020',
  lib: ['es2020', 'dom'],
  types: [],
}

/** Programs that can run it, by their names; each with how it is started. */
const RUNTIMES: readonly { name: string; command: readonly string[] | null; reason?: string }[] = [
  { name: 'Node 24', command: ['node'] },
  olderNode(),
  onPath('bun', ['run']),
  onPath('deno', ['run', '--allow-all', '--node-modules-dir=manual']),
]

/** A Node from 20 on that is older than the one here: of the machine, not of this project. */
function olderNode() {
  for (const path of (process.env.PATH ?? '').split(delimiter)) {
    const command = join(path, 'node')
    const [, major = '0'] = /^v(\d+)/.exec(spawnSync(command, ['--version'], { encoding: 'utf8' }).stdout ?? '') ?? []
    if (Number(major) >= 20 && Number(major) < 24) return { name: `Node ${major}`, command: [command] }
  }
  return { name: 'an older Node', command: null, reason: 'no Node from 20 to 23 is on this machine' }
}

function onPath(name: string, args: readonly string[]) {
  return spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0
    ? { name, command: [name, ...args] }
    : { name, command: null, reason: `${name} is not on this machine, and Debian has no package of it` }
}

for (const { name, command, reason } of RUNTIMES)
  describe(`the client package in ${name}`, () => {
    if (command === null) {
      test('runs', ({ skip }) => skip(reason))
      return
    }
    const [start = '', ...args] = command

    test.each(Object.entries(PROGRAMS))('registers and receives (%s)', async (file, text) => {
      await writeFile(join(project, file), text)
      const { apiKey, signingSecret } = stage.partner
      const env = { NOTIFIER_URL: stage.service.url, API_KEY: apiKey, WEBHOOK_SECRET: signingSecret }
      const serial = `test_success_100ms_${name.replaceAll(' ', '')}-${file.replace('.', '-')}`
      expect(await run(start, [...args, file, serial], project, env)).toEqual({
        code: 0,
        stdout: 'succeeded idface.succeeded é true not_found true\n',
        stderr: '',
      })
    })
  })

describe('the command of the client package', () => {
  const NPX = ['--yes', '--registry=http://127.0.0.1:9', '--fetch-retries=0']

  test('forwards webhooks to a server here, which verifies them, until Ctrl-C', async () => {
    const { apiKey, signingSecret, api } = stage.partner
    const verified: unknown[] = []
    const hook = createServer(
      webhookHandler({ secret: signingSecret, onEvent: event => void verified.push(event.data) }),
    ).listen(0, '127.0.0.1')
    await once(hook, 'listening')
    const { port } = hook.address() as AddressInfo
    const { HOME = '', PATH = '' } = process.env
    const env = {
      HOME,
      PATH: `${join(ROOT, 'node_modules/.bin')}:${PATH}`,
      NOTIFIER_URL: stage.service.url,
      API_KEY: apiKey,
    }
    const tarball = `${stage.service.url}/docs/${TARBALL}`
    const args = [...NPX, tarball, 'listen', `http://127.0.0.1:${port}/hook`]
    const listening = spawn('npx', args, { cwd: folder.path, env, detached: true })
    const lines = createInterface(listening.stdout)[Symbol.asyncIterator]()
    expect((await lines.next()).value).toMatch(/^\S+ .* --since /)
    // Nobody can deliver there.
    const { id } = await api.register({ idcardid: 'test_success_0s_listen', callbackUrl: 'http://127.0.0.1:1/' })
    expect((await lines.next()).value).toMatch(new RegExp(`idface.succeeded ${id} test_success_0s_listen → 204$`))
    expect(verified).toMatchObject([{ registrationId: id }])
    // As a terminal does, to all that stands in the foreground.
    process.kill(-(listening.pid ?? 0), 'SIGINT')
    expect((await lines.next()).value).toMatch(/ --after evt_\d/)
    hook.close()
  })
})

describe('the client package', () => {
  test('has nothing that publint finds', async () => {
    expect((await publint({ pkgDir: installed, pack: false, strict: true })).messages).toEqual([])
  })

  test('imports nothing of Node, so that Workers run it', async () => {
    for (const format of ['esm', 'cjs'])
      for (const entry of ['client', 'webhook']) {
        const text = await readFile(join(installed, format, entry, 'index.js'), 'utf8')
        expect(text).not.toMatch(/\brequire\(|\bfrom ["']|\bimport\(|\bnode:|\bBuffer\.|\bprocess\./)
      }
  })

  test('is the same, byte for byte, when it is built again', async () => {
    const before = await download()
    expect((await build()).code).toBe(0)
    expect((await download()).equals(before)).toBe(true)
  })

  test.each([
    ['nodenext', 'nodenext', 'use.mts'],
    ['bundler', 'esnext', 'use.mts'],
    ['node16', 'node16', 'use.cts'],
  ])('passes strict TypeScript with moduleResolution %s (%s, %s)', async (moduleResolution, module, file) => {
    await writeFile(join(project, file), TYPESCRIPT)
    const tsconfig = { compilerOptions: { ...STRICT, module, moduleResolution }, files: [file] }
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify(tsconfig))
    expect(await run(TSC, ['-p', '.'], project)).toEqual({ code: 0, stdout: '', stderr: '' })
  })
})
