import { expect, test } from 'vitest'
import {
  packMessages,
  packVerifications,
  unpackMessages,
  unpackVerifications,
} from '../../src/store/sqlite/thread/claims.ts'
import type { ClaimedMessage, ClaimedVerification } from '../../src/store/store.ts'

const LANES = [
  { laneId: 1, partnerId: 'partner_1', host: 'a.example', slow: false, proven: true, strikes: 0 },
  { laneId: 2, partnerId: 'partner_2', host: 'a.example', slow: true, proven: false, strikes: 3 },
] as const

const messageOf = (seq: number, lane: 0 | 1, callbackUrl: string): ClaimedMessage => ({
  ...LANES[lane],
  seq,
  claim: seq + 1,
  registrationId: `reg_${seq}`,
  callbackUrl,
  body: Buffer.from('验'.repeat(seq)),
  attempts: seq + 2,
  retries: seq + 3,
})

test.each<[claim: string, messages: ClaimedMessage[]]>([
  ['none', []],
  ['one', [messageOf(1, 1, 'https://a.example/1')]],
  [
    'some of several lanes and URLs',
    [
      messageOf(1, 0, 'https://a.example/1'),
      messageOf(2, 0, 'https://a.example/1'),
      messageOf(3, 0, 'https://a.example/2'),
      messageOf(0, 1, 'https://a.example/2'),
      messageOf(4, 1, 'https://a.example/1'),
      messageOf(5, 0, 'https://a.example/1'),
    ],
  ],
])('of messages %s arrive as they were', (_claim, messages) => {
  // Of a typed array that is but a part of its buffer the part counts.
  const bodies = new Uint8Array(Buffer.concat([Buffer.from('before'), ...messages.map(({ body }) => body)])).subarray(6)
  expect(unpackMessages(structuredClone(packMessages(messages)), bodies)).toEqual(messages)
})

const verificationOf = (id: number, waiting: ClaimedVerification['waiting']): ClaimedVerification => ({
  id,
  claim: 2,
  partnerId: 'partner_1',
  idcardid: String(id),
  dueAt: 3,
  polls: 4,
  nudgedAt: 5,
  lastPolledAt: id === 1 ? null : 6,
  failures: 7,
  invalidIds: 8,
  goneChecks: 9,
  seen: id === 1,
  waiting,
})
const registrationOf = (id: string) => ({ id, createdAt: 10, expiresAt: 11 })

test.each<[claim: string, verifications: ClaimedVerification[]]>([
  ['none', []],
  ['one for which nobody waits', [verificationOf(1, [])]],
  [
    'some for which one waits, or several',
    [
      verificationOf(1, [registrationOf('reg_1')]),
      verificationOf(2, [registrationOf('reg_2'), registrationOf('reg_3')]),
      verificationOf(3, []),
    ],
  ],
])('of verifications %s arrive as they were', (_claim, verifications) => {
  expect(unpackVerifications(structuredClone(packVerifications(verifications)))).toEqual(verifications)
})
