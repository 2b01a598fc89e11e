import { expect, test } from 'vitest'
import { type ClientOptions, createClient } from '../../src/client/index.ts'

const GOOD = { baseUrl: 'https://notifier.example', apiKey: 'ifn_the-key' }

test.each([
  [
    undefined,
    /^createClient takes an object with the options baseUrl, apiKey, fetch, timeoutMs, retryForMs, retries, language$/,
  ],
  [{ baseUrl: 'x' }, /baseUrl must be .*: this one is no http: or https: URL/],
  [{ baseUrl: new URL(GOOD.baseUrl) }, /baseUrl must be .*, and is of type object/],
  [{ baseUrl: 'https://notifier.example/?hunter2' }, /baseUrl must be .*: with a path at most/],
])('a client is not made with %o, and the error names the option', (options, message) => {
  const make = () => createClient(options as ClientOptions)
  expect(make).toThrow(TypeError)
  expect(make).toThrow(message)
  expect(make).not.toThrow('hunter2')
})
