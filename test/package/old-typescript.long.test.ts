import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { VERSION } from '../../src/version.ts'
import { openFolder, ROOT } from '../support/service.ts'
import { run } from './install.ts'

/** TypeScript 4.9, in a package that does not fight for `tsc`. */
const TSC = join(ROOT, 'node_modules/@tsd/typescript/typescript/lib/tsc.js')

const USE = `
import { createClient, type Client, type Registration, type RegistrationStatus } from 'idface-notifier/client'
import { verifyWebhook, webhookHandler, type WebhookEvent } from 'idface-notifier/webhook'
const client: Client = createClient({ baseUrl: 'https://notifier.example', apiKey: 'ifn_x' })
export const statusOf = async (id: string): Promise<RegistrationStatus> => {
  const registration: Registration = await client.getRegistration(id)
  return registration.status
}
const scoreOf = (event: WebhookEvent): string | null | undefined => (event.type === 'idface.succeeded' ? event.data.similarity : null)
export const all = [verifyWebhook, webhookHandler({ secret: 'whsec_x', onEvent: scoreOf })]
`

let folder: Awaited<ReturnType<typeof openFolder>>

beforeAll(async () => {
  folder = await openFolder()
  const installed = join(folder.path, 'node_modules/idface-notifier')
  await mkdir(installed, { recursive: true })
  expect(await run('node', [join(ROOT, 'scripts/served.js')], ROOT)).toMatchObject({ code: 0 })
  const unpack = ['xzf', join(ROOT, `dist/served/client-${VERSION}.tgz`), '-C', installed, '--strip-components=1']
  expect(await run('tar', unpack, ROOT)).toMatchObject({ code: 0 })
  await writeFile(join(folder.path, 'use.ts'), USE)
})
afterAll(() => folder[Symbol.asyncDispose]())

test.each([
  ['commonjs', 'node'],
  ['node16', 'node16'],
])('the client package compiles as %s with TypeScript 4.9, its declarations checked', async (module, resolution) => {
  const options = {
    strict: true,
    skipLibCheck: false,
    noEmit: true,
    target: 'es2022',
    lib: ['es2022', 'dom'],
    types: [],
  }
  const compilerOptions = { ...options, module, moduleResolution: resolution }
  const project = join(folder.path, `tsconfig.${module}.json`)
  await writeFile(project, JSON.stringify({ compilerOptions, files: ['use.ts'] }))
  expect(await run('node', [TSC, '-p', project], folder.path)).toMatchObject({ code: 0, stdout: '' })
})
