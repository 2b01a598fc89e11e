import { expect, test } from 'vitest'
import { attemptOutcomeOf, pollAnswerOf } from '../../../src/telemetry/metrics/outcomes.ts'

test.each([
  ['waiting', null, 'pending'],
  ['verdict', null, 'verdict'],
  ['unknown_status', null, 'unknown'],
  ['not_found', null, 'not_found'],
  ['invalid_id', null, 'invalid'],
  ['account', null, 'refused'],
  ['throttled', null, 'throttled'],
  ['transient', 'upstream_error', 'server_error'],
  ['transient', 'http_status', 'server_error'],
  ['transient', 'unknown_code', 'unknown'],
  ['transient', 'timeout', 'timeout'],
  ['transient', 'unreachable', 'network'],
  ['transient', 'unparseable', 'invalid'],
  ['transient', 'no_result', 'invalid'],
  ['transient', 'too_large', 'invalid'],
] as const)('an answer %s (%s) is counted as %s', (kind, cause, answer) => {
  expect(pollAnswerOf({ kind, cause })).toBe(answer)
})

test.each([
  [200, null, 'ok'],
  [204, null, 'ok'],
  [302, null, 'http_3xx'],
  [404, null, 'http_4xx'],
  [410, null, 'http_4xx'],
  [429, null, 'http_429'],
  [500, null, 'http_5xx'],
  [599, null, 'http_5xx'],
  [null, 'timeout', 'timeout'],
  [null, 'connect_timeout', 'timeout'],
  [null, 'dns', 'dns'],
  [null, 'refused', 'refused'],
  [null, 'tls', 'tls'],
  [null, 'reset', 'network'],
  [null, 'unreachable', 'network'],
  [null, 'protocol', 'network'],
  [null, 'proxy', 'network'],
  [null, 'blocked', 'blocked'],
  [null, 'url', 'blocked'],
] as const)('an attempt that brought %s (%s) is counted as %s', (httpStatus, error, outcome) => {
  expect(attemptOutcomeOf({ httpStatus, error })).toBe(outcome)
})
