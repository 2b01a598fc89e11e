import type { Words } from '../../core/language.ts'
import type { MessageType } from '../../core/message.ts'
import type { Delivery } from '../../simulator/receiver.ts'
import type { Script } from '../../simulator/script.ts'

/** One registration of the demo, and its expected outcome. */
export interface Scene {
  idcardid: string
  what: Words
  /** Path of the callback. */
  path: string
  /** Script of the simulated GetResult; null: it does not know the serial. */
  script: Script | null
  /** HTTP statuses that the callback returns before 200. */
  refusals: readonly number[]
  type: MessageType
}

export const SCENES: readonly Scene[] = [
  {
    idcardid: 'demo-pass',
    what: { en: 'the person passes after 3 s', zh: '用户 3 秒后通过核验' },
    path: '/pass',
    script: { afterMs: 3_000, status: 'SUCCESS', similarity: '98.70' },
    refusals: [],
    type: 'idface.succeeded',
  },
  {
    idcardid: 'demo-fail',
    what: { en: 'the person fails after 5 s', zh: '用户 5 秒后未通过核验' },
    path: '/fail',
    script: { afterMs: 5_000, status: 'FAIL' },
    refusals: [],
    type: 'idface.failed',
  },
  {
    idcardid: 'demo-retry',
    what: {
      en: 'the person passes after 2 s, and the callback answers 500 twice before 200',
      zh: '用户 2 秒后通过核验；接收端先返回两次 500，再返回 200',
    },
    path: '/retry',
    script: { afterMs: 2_000, status: 'SUCCESS' },
    refusals: [500, 500],
    type: 'idface.succeeded',
  },
  {
    idcardid: 'demo-unknown',
    what: {
      en: 'GetResult does not know this serial; here it is given up after 7 s',
      zh: 'GetResult 查不到该流水号；演示中 7 秒后放弃',
    },
    path: '/unknown',
    script: null,
    refusals: [],
    type: 'idface.unresolved',
  },
]

const describe = (type: string | null, verified: true | string, status: number | null): string =>
  `${type} ${verified === true ? 'verified' : verified} → ${status}`

/**
 * Returns the expected and the received attempts if they differ, else null. Every attempt has to be verified, with the
 * same id and the same bytes. Attempts read `idface.failed verified → 500, idface.failed verified → 200`.
 */
export const judgeScene = ({ idcardid, type, refusals }: Scene, deliveries: readonly Delivery[]) => {
  const [first] = deliveries
  const expected = [...refusals, 200].map(status => describe(type, true, status)).join(', ')
  const got = deliveries.map(({ id, body, ...one }) => {
    const told = describe(one.type, one.verified, one.status)
    return id === first?.id && body === first.body ? told : `changed: ${told}`
  })
  return got.join(', ') === expected ? null : { idcardid, expected, got: got.join(', ') || '-' }
}
