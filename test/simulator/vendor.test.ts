import { expect, test } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import type { Script } from '../../src/simulator/script.ts'
import { openUpstreamSimulator } from '../../src/simulator/upstream.ts'
import { openUpstream } from '../../src/upstream/upstream.ts'
import { clockWith } from '../support/clock.ts'
import { REFUSALS, TROUBLES } from '../support/odd-answers.ts'
import { ACCOUNT } from './ask.ts'

const NOW = Date.UTC(2026, 10, 24, 8)

/** The class of the simulator's answer, over a real connection. */
const askFor = async (script: Script, { aheadMs = 0, timeoutMs = 5_000 } = {}) => {
  await using simulator = await openUpstreamSimulator({ accounts: [ACCOUNT], now: () => NOW + aheadMs })
  simulator.script('1', script)
  const clock = clockWith(undefined, () => NOW)
  const upstream = openUpstream({ url: simulator.url, method: 'POST', timeoutMs, userAgent: 'test', clock })
  const account = {
    id: '1',
    apiId: ACCOUNT.apiId,
    apiKey: new Secret(ACCOUNT.apiKey),
    passwordMode: 'dynamic' as const,
  }
  try {
    const answer = await upstream.ask(account, '1')
    return { answer, codes: simulator.calls.map(({ code }) => code) }
  } finally {
    upstream.close()
  }
}

test.each([...TROUBLES, ...REFUSALS])('plays $name', async ({ script, answer }) => {
  expect((await askFor(script)).answer).toEqual(answer)
})

const SAID = '{"code":"2","result":{"status":"SUCCESS","message":"","livingScore":"","similarity":95.250}}'
const XML =
  '<code>2</code><result><status>SUCCESS</status><message/><livingScore></livingScore><similarity>95.250</similarity></result>'
test.each<[string, Script]>([
  ['a code as text, an empty score and one as a number', { body: SAID }],
  ['a byte order mark and white space', { body: `\uFEFF \r\n${SAID}` }],
  ['XML that calls itself JSON, with another root', { body: `\uFEFF\n<IdFaceResult>${XML}</IdFaceResult>` }],
  ['a result that takes its time', { body: SAID, delayMs: 20 }],
])('plays %s', async (_, script) => {
  const verdict = { status: 'SUCCESS', message: null, livingScore: null, similarity: '95.250' }
  expect((await askFor(script)).answer).toEqual({ kind: 'verdict', code: 2, verdict })
})

test('plays what is in no table, what is not there, and what never comes', async () => {
  expect((await askFor({ status: 'REVIEW' })).answer).toMatchObject({ kind: 'unknown_status', status: 'REVIEW' })
  expect((await askFor({ code: 4099 })).answer).toMatchObject({ kind: 'transient', cause: 'unknown_code', code: 4099 })
  expect((await askFor({ code: 4060 })).answer).toMatchObject({ kind: 'invalid_id' })
  expect((await askFor({ hiddenMs: 1 })).answer).toMatchObject({ kind: 'not_found' })
  expect((await askFor({ fault: 'hang' }, { timeoutMs: 50 })).answer).toMatchObject({ cause: 'timeout' })
})

test.each([-600_000, 600_000])('refuses the time of a clock that is off by %i ms, and tells its own', async aheadMs => {
  expect(await askFor({ status: 'ING' }, { aheadMs })).toMatchObject({ answer: { kind: 'waiting' }, codes: [40501, 2] })
})
