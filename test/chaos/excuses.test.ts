import { expect, test } from 'vitest'
import { checkInFlight } from './coverage.ts'
import type { Finding, Promises } from './findings.ts'
import { couldRecord, type Judged } from './judged.ts'
import { type Act, newSeen, type Poll, type Webhook } from './seen.ts'
import type { Story } from './stories.ts'
import { attemptOf } from './story-rules.ts'
import { checkUnresolved } from './unresolved.ts'
import { urlsOf } from './urls.ts'

const PARTNER = 'partner_1'
const URL = 'https://partner.example/hook'
const webhook = (at: number, status: number): Webhook => ({
  ...{ url: URL, at, status, answeredAt: at + 100, id: 'msg_1', signedBy: PARTNER, timestamp: 0, body: '' },
})

test('an attempt that waited to leave was under way before it arrived', () => {
  const clockIsSet = (at: number) => [{ from: at, to: at, of: 'service' as const, name: 'the clock is set' }]
  const attempt = attemptOf(webhook(3_000, 204), { queued: 1_000, notedLate: 50 })
  expect(couldRecord(clockIsSet(2_500), attempt)).toBe(false)
  expect(couldRecord(clockIsSet(1_900), attempt)).toBe(true)
})

test.each([
  ['first of two kills within a second', 3_000, 0],
  ['only kill, long after it', 3_900, 1],
])('webhooks come again after the %s: those that were under way', (_, killedAt, found) => {
  const kill = (at: number) => ({ from: at, to: at + 10, of: 'service' as const, name: 'kill -9' })
  const told = (id: string) => [webhook(2_890, 200), webhook(9_000, 200)].map(one => ({ ...one, id }))
  const stories = ['msg_1', 'msg_2'].map(id => ({ told: told(id), acts: [] }) as unknown as Story)
  const seen = { ...newSeen(), webhooks: stories.flatMap(one => one.told), troubles: [kill(3_900), kill(killedAt)] }
  const findings: Finding[] = []
  checkInFlight(stories, seen, { queued: 50, notedLate: 50 } as Promises, findings)
  expect(findings).toHaveLength(found)
})

test.each([
  ['was answered: its 410 is not recorded', 1_500, false],
  ['got no answer: its 410 may be recorded', null, true],
])('a cancel that %s', (_, answeredAt, isHeld) => {
  const cancel: Act = { what: 'cancel', id: 'reg_1', partner: PARTNER, at: 1_000, answeredAt }
  const { mayBeHeld } = urlsOf(
    { ...newSeen(), acts: [cancel], webhooks: [webhook(2_000, 410)] },
    { queued: 50, retention: 1e9 },
  )
  expect(mayBeHeld({ partner: PARTNER, url: URL }, 9_000)).toBe(isHeld)
})

test.each([
  ['recorded, it is what is known', true, ['told wrongly']],
  ['not recorded, nothing is known', false, []],
])('an unknown status before the deadline: %s', (_, isKept, found) => {
  const poll = (at: number, answer: Poll['answer']): Poll => ({ serial: '1', at, answer, heardAt: at })
  const broken: string[] = []
  const facts = {
    ...{ first: { at: 9_000, data: { reason: 'expired' } }, story: { shown: [] } },
    heard: [poll(1_000, 'unknown'), poll(2_000, 'not_found')],
    isRecorded: ({ answer }: Poll) => isKept || answer !== 'unknown',
    note: ((word: string) => void broken.push(word)) as Judged['note'],
  }
  checkUnresolved(facts as unknown as Parameters<typeof checkUnresolved>[0])
  expect(broken).toEqual(found)
})
