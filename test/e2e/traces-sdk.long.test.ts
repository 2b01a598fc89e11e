import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { createAdminClient } from '../support/api-client.ts'
import { openCollector } from '../support/collector.ts'
import { ADMIN_TOKEN, type Environment, spawnService } from '../support/service.ts'
import { openScene } from './stage.ts'

/** Writes the URL of every module that the process loads, by `import` or `require`. */
const RECORDER = `
  import { appendFileSync } from 'node:fs'
  import { registerHooks } from 'node:module'
  registerHooks({
    load(url, context, next) {
      appendFileSync(process.env.LOADED_MODULES, url + '\\n')
      return next(url, context)
    },
  })`

/** Runs the service as a process of its own for one request, and stops it; the packages that it has loaded. */
const runOnce = async (settings: Environment): Promise<string[]> => {
  await using scene = await openScene()
  const recorder = join(scene.folder, 'recorder.mjs')
  const loaded = join(scene.folder, 'loaded')
  mkdirSync(scene.folder, { recursive: true })
  writeFileSync(recorder, RECORDER)
  const env = {
    ...scene.env,
    ...settings,
    NODE_OPTIONS: `--import=${pathToFileURL(recorder)}`,
    LOADED_MODULES: loaded,
  }
  await using service = await spawnService(env, scene.folder)
  await createAdminClient(service.url, ADMIN_TOKEN).createPartner('partner')
  service.kill('SIGTERM')
  expect((await service.exited).code).toBe(0)
  const packages = readFileSync(loaded, 'utf8').matchAll(/\/node_modules\/((?:@[^/]+\/)?[^/]+)\//g)
  return [...new Set([...packages].map(([, name]) => name as string))]
}

const isSdk = (name: string) => name.startsWith('@opentelemetry/') && name !== '@opentelemetry/api'

test('without an endpoint nothing of the SDK is loaded', async () => {
  const loaded = await runOnce({ OTEL_SERVICE_NAME: 'faces', TRACES: 'parent' })
  expect(loaded).toContain('hono')
  expect(loaded.filter(isSdk)).toEqual([])
})

test('OTEL_SDK_DISABLED loads and sends nothing either', async () => {
  await using collector = await openCollector()
  const loaded = await runOnce({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_SDK_DISABLED: 'TRUE' })
  expect(loaded.filter(isSdk)).toEqual([])
  expect(collector.requests).toEqual([])
})

test('with one the SDK is, and obeys OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES and the headers of the exporter', async () => {
  await using collector = await openCollector()
  const loaded = await runOnce({
    OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/base/`,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=faces',
    OTEL_SERVICE_NAME: 'faces',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test,service.name=other',
  })
  expect(loaded.filter(isSdk).length).toBeGreaterThan(0)
  expect(collector.requests).toMatchObject([
    { path: '/base/v1/traces', headers: { 'content-type': 'application/json', 'x-tenant': 'faces' } },
  ])
  expect(collector.spans).toMatchObject([
    {
      name: 'POST /v1/admin/partners',
      resource: {
        'service.name': 'faces',
        'service.version': expect.stringMatching(/^\d+\.\d+\.\d+/),
        'deployment.environment.name': 'test',
      },
    },
  ])
})

test('OTEL_TRACES_SAMPLER=always_off sends no span', async () => {
  await using collector = await openCollector()
  await runOnce({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_TRACES_SAMPLER: 'always_off' })
  expect(collector.requests).toEqual([])
})
