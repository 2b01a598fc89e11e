import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ADMIN_TOKEN, type Json, openApi } from './support/api.ts'
import { fitting } from './support/schema-arbitrary.ts'

/** Texts that no PostgreSQL can keep. */
const UNTOLD = { 'a NUL': 'a\0b', 'a lone surrogate': 'a\ud800b' }

/** Of a list of callbacks. */
const PLACE = Buffer.from('{"partnerId":"a\\u0000","callbackUrl":"a\\u0000"}').toString('base64url')

const isUntold = (value: unknown): boolean => {
  if (typeof value === 'string') return value.includes('\0') || !value.isWellFormed()
  if (value === null || typeof value !== 'object' || Buffer.isBuffer(value)) return false
  return Object.values(value).some(isUntold)
}

const reached: string[] = []
let api: Awaited<ReturnType<typeof openApi>>
beforeAll(async () => {
  api = await openApi({}, store => {
    const watched = Object.entries(store).map(([name, verb]) => [
      name,
      typeof verb === 'function' && name !== 'now'
        ? (...args: never[]) => {
            if (isUntold(args)) reached.push(name)
            return (verb as (...args: never[]) => unknown)(...args)
          }
        : verb,
    ])
    return Object.fromEntries(watched)
  })
})
afterAll(() => api[Symbol.asyncDispose]())

interface Trial {
  name: string
  field: string
  method: string
  path: string
  body?: Json
  key: string
}

/** Each text that each documented call takes, with each of the texts instead. */
const trialsOf = async (at: string, key: string): Promise<Trial[]> => {
  const { json: document } = await api.call('GET', at, { key })
  const resolve = (ref: string): Json =>
    ref
      .slice(2)
      .split('/')
      .reduce((value, name) => value[name], document)
  return Object.entries<Json>(document.paths).flatMap(([route, methods]) =>
    Object.entries<Json>(methods).flatMap(([verb, operation]) => {
      const method = verb.toUpperCase()
      const call = `${method} ${route}`
      const path = route.replace('{id}', 'x')
      const parameters: Json[] = (operation.parameters ?? []).map((one: Json) => (one.$ref ? resolve(one.$ref) : one))
      const inAddress = parameters.flatMap(({ name, in: place }) => {
        const texts = { 'a NUL': 'a%00b', ...(name === 'cursor' && { 'the cursor of a NUL': PLACE }) }
        return Object.entries(texts).flatMap(([what, text]): Trial[] => {
          const trial = { name: `${call}: ${what} in ${name}`, field: name, method, key }
          if (place === 'path') return [{ ...trial, path: route.replace('{id}', text), field: '' }]
          return place === 'query' ? [{ ...trial, path: `${path}?${name}=${text}` }] : []
        })
      })
      let schema = operation.requestBody?.content['application/json'].schema
      if (schema?.$ref) schema = resolve(schema.$ref)
      // A time that lies ahead is no matter of the schema.
      const [{ expiresAt: _, ...fits }] = schema
        ? (fc.sample(fitting(schema, resolve), { numRuns: 1, seed: 7 }) as [Json])
        : [{ expiresAt: null }]
      const inBody = Object.keys(schema?.properties ?? {}).flatMap(field => {
        const nested = (resolve_(schema.properties[field], resolve).properties ?? null) as Json
        const paths = nested === null ? [[field]] : Object.keys(nested).map(inner => [field, inner])
        return paths.flatMap(([outer = '', inner]) =>
          Object.entries(UNTOLD).map(([what, text]): Trial => {
            const value = inner === undefined ? text : { [inner]: text }
            const name = `${call}: ${what} in ${[outer, inner].filter(Boolean).join('.')}`
            return {
              name,
              field: outer,
              method,
              path,
              body: { ...fits, ...('partnerId' in fits && { partnerId: api.partner.id }), [outer]: value },
              key,
            }
          }),
        )
      })
      return [...inAddress, ...inBody]
    }),
  )
}

const resolve_ = (schema: Json, resolve: (ref: string) => Json): Json => (schema?.$ref ? resolve(schema.$ref) : schema)

test('a text that PostgreSQL cannot keep was a 500: no call hands one to the store, and the answer names the field', async () => {
  const trials = [
    ...(await trialsOf('/openapi.json', api.partner.key)),
    ...(await trialsOf('/v1/admin/openapi.json', ADMIN_TOKEN)),
  ]
  expect(trials.length).toBeGreaterThan(100)
  const wrong: string[] = []
  for (const { name, field, method, path, body, key } of trials) {
    reached.length = 0
    const { status, json } = await api.call(method, path, { key, ...(body === undefined ? {} : { body }) })
    const named = field === '' || json?.errors?.some((one: Json) => one.path.split('.')[0] === field)
    if (reached.length > 0 || status < 400 || status >= 500 || (status !== 404 && !named))
      wrong.push(`${name}: ${status} ${reached.join()} ${JSON.stringify(json?.errors ?? json?.title)}`)
  }
  expect(wrong).toEqual([])
})
