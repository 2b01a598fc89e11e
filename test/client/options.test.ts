import { expect, test } from 'vitest'
import { type ClientOptions, createClient } from '../../src/client/index.ts'

const GOOD = { baseUrl: 'https://notifier.example', apiKey: 'ifn_the-key' }

test.each([
  [
    undefined,
    /^createClient takes an object with the options baseUrl, apiKey, fetch, timeoutMs, retryForMs, retries, language$/,
  ],
  [{}, /^createClient: baseUrl must be the service's address, such as https:\/\/notifier\.example, and is missing$/],
  [{ baseUrl: 'x' }, /baseUrl must be .*: this one is no http: or https: URL/],
  [{ baseUrl: 'ftp://notifier.example' }, /baseUrl must be .*: this one is no http: or https: URL/],
  [{ baseUrl: new URL(GOOD.baseUrl) }, /baseUrl must be .*, and is of type object/],
  [{ baseUrl: 'https://me:hunter2@notifier.example' }, /baseUrl must be .*: with a path at most, without a user name/],
  [{ baseUrl: 'https://notifier.example/?hunter2' }, /baseUrl must be .*: with a path at most/],
  [{ ...GOOD, baseUrl: 'https://notifier.example/v1' }, /baseUrl must be .*: without \/v1, which the client adds/],
  [
    { ...GOOD, baseUrl: 'https://notifier.example/api/v1//' },
    /baseUrl must be .*: without \/v1, which the client adds/,
  ],
  [
    { ...GOOD, apiKey: undefined },
    /apiKey must be the API key as it was shown, ifn_…, and is missing \(is API_KEY set\?\)/,
  ],
  [{ ...GOOD, apiKey: '' }, /apiKey must be .*, and is empty/],
  [{ ...GOOD, apiKey: 42 }, /apiKey must be .*, and is of type number/],
  [{ ...GOOD, apiKey: 'whsec_hunter2' }, /apiKey must be .*: this one is the signing secret/],
  [{ ...GOOD, apiKey: 'ifn_hunter2\n' }, /apiKey must be .*, with no spaces/],
  [{ ...GOOD, fetch: 'fetch' }, /fetch must be a function, and is of type string/],
  [{ ...GOOD, timeoutMs: '5s' }, /timeoutMs must be a number from 1 to 2147483647, and is of type string/],
  [{ ...GOOD, timeoutMs: 0 }, /timeoutMs must be a number from 1 to 2147483647, and is 0/],
  [{ ...GOOD, retryForMs: -1 }, /retryForMs must be a number from 0 to 2147483647, and is -1/],
  [{ ...GOOD, retries: 1.5 }, /retries must be a whole number from 0 to 100, and is 1.5/],
  [
    { ...GOOD, timeout: 5 },
    /createClient has no option timeout: it takes baseUrl, apiKey, fetch, timeoutMs, retryForMs, retries, language/,
  ],
  [{ ...GOOD, language: 'zh-CN' }, /language must be en or zh, and is another text/],
  [{ ...GOOD, language: null }, /language must be en or zh, and is null/],
])('a client is not made with %o, and the error names the option', (options, message) => {
  const make = () => createClient(options as ClientOptions)
  expect(make).toThrow(TypeError)
  expect(make).toThrow(message)
  expect(make).not.toThrow('hunter2')
})

test('a client is made with what is left out, or undefined', () => {
  const { fetch, timeoutMs, retries }: Partial<ClientOptions> = {}
  expect(createClient({ ...GOOD, fetch, timeoutMs, retries })).toHaveProperty('register')
  for (const baseUrl of [
    'http://127.0.0.1:8080/notifier/',
    'https://notifier.example/api-v1',
    'https://notifier.example/v1/x',
  ])
    expect(createClient({ ...GOOD, baseUrl })).toHaveProperty('register')
})
