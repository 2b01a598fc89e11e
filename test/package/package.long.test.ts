import { cp, mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { VERSION } from '../../src/version.ts'
import { openStage } from '../e2e/stage.ts'
import { openFolder } from '../support/service.ts'
import { install, pack, run } from './install.ts'

/** Ten seconds, and more on a machine that is busy with other tests. */
const INSTALL_MS = 180_000

let folder: Awaited<ReturnType<typeof openFolder>>
let consumer: string
/** Has the package and nothing else: none of its dependencies, and no types of Node. */
let bare: string
let installed: string
let bin: string

beforeAll(async () => {
  folder = await openFolder()
  const build = join(folder.path, 'build')
  consumer = join(folder.path, 'consumer')
  installed = join(consumer, 'node_modules/idface-notifier')
  bin = join(consumer, 'node_modules/.bin/idface-notifier')
  await mkdir(build)
  await mkdir(consumer)
  await install(await pack(build), consumer)
  bare = join(folder.path, 'bare')
  await cp(installed, join(bare, 'node_modules/idface-notifier'), { recursive: true })
  await writeFile(join(bare, 'package.json'), '{"type":"module"}')
}, INSTALL_MS)
afterAll(() => folder[Symbol.asyncDispose]())

const JAVASCRIPT = `
import { createClient, NotifierError } from 'idface-notifier/client'
import { verifyWebhook, WebhookVerificationError } from 'idface-notifier/webhook'

const client = createClient({ baseUrl: 'http://127.0.0.1:1', apiKey: 'key', retries: 0 })
const network = await client.me().catch(error => error)
let refused
try {
  await verifyWebhook({ secrets: 'whsec_' + Buffer.alloc(32).toString('base64'), headers: {}, body: '{}' })
} catch (error) {
  refused = error
}
console.log(network instanceof NotifierError, network.code, refused instanceof WebhookVerificationError, refused.code)
`

const PAGES = `
import { createDocs } from './node_modules/idface-notifier/dist/http/docs/routes.js'

const pages = createDocs({
  ...{ version: '${VERSION}', rates: { take: () => {} }, trustedProxies: { contains: () => false } },
  config: { server: { apiRate: 1, registrationRate: 1 }, upstream: { sandbox: true } },
})
const [problems, ...others] = await Promise.all(
  ['problems', 'reference', 'client.tgz', 'assets/page.js', 'assets/page.css'].map(name =>
    pages.request('/docs/' + name),
  ),
)
console.log((await problems.text()).includes('id="invalid_body"'), ...others.map(({ status }) => status))
`

describe('the package, installed from its tarball', () => {
  test('has nothing that publint finds', async () => {
    const { messages } = await publint({ pkgDir: installed, pack: false, strict: true })
    expect(messages).toEqual([])
  })

  test('holds the program and its documents, and neither sources nor tests', async () => {
    const names = await readdir(installed)
    expect(names).toEqual(expect.arrayContaining(['dist', 'migrations', 'docs', 'README.md', 'LICENSE']))
    expect(names).not.toEqual(expect.arrayContaining(['src']))
    expect(names).not.toEqual(expect.arrayContaining(['test']))
  })

  test('is imported from JavaScript, and then needs no dependency', async () => {
    await writeFile(join(bare, 'use.js'), JAVASCRIPT)
    const { stdout, stderr } = await run('node', ['use.js'], bare)
    expect(stdout + stderr).toBe('true network true missing_header\n')
  })

  test('runs the example that registers, against a service', async () => {
    await using stage = await openStage({ SANDBOX: 'true' })
    await cp(join(installed, 'docs/examples/register.mjs'), join(bare, 'register.mjs'))
    const env = { NOTIFIER_URL: stage.service.url, API_KEY: stage.partner.apiKey }
    const register = (serial: string) =>
      run('node', ['register.mjs', serial, stage.receiver.urlFor('/hook')], bare, env)
    expect(await register('test_success_100ms')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^reg_\w+ succeeded 100\n$/),
    })
    expect(await register('no serial')).toMatchObject({ code: 1, stderr: expect.stringMatching(/^invalid_body 422 /) })
  })

  test('serves the pages that it documents itself with', async () => {
    await writeFile(join(consumer, 'pages.js'), PAGES)
    expect(await run('node', ['pages.js'], consumer)).toEqual({
      code: 0,
      stdout: 'true 200 200 200 200\n',
      stderr: '',
    })
  })

  test('has a command that finds the migrations', async () => {
    const database = join(folder.path, 'notifier.db')
    const env = { DATABASE_URL: `file:${database}` }
    expect(await run(bin, ['migrate', '--json'], consumer, env)).toMatchObject({
      code: 0,
      stdout: '{"migrated":true}\n',
    })
    expect((await stat(database)).size).toBeGreaterThan(0)
    const created = await run(bin, ['partner', 'create', 'Acme', '--json'], consumer, env)
    expect(JSON.parse(created.stdout)).toMatchObject({ name: 'Acme', signingSecret: expect.stringMatching(/^whsec_/) })
  })
})
