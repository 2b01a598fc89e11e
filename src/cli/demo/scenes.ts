import type { MessageType } from '../../core/message.ts'
import type { Delivery } from '../../simulator/delivery.ts'
import type { Script } from '../../simulator/script.ts'

/** One registration of the demo, and its expected outcome. */
export interface Scene {
  idcardid: string
  /** The callback's path. */
  path: string
  /** What the simulated GetResult answers; null: it does not know the serial. */
  script: Script | null
  /** The statuses that the callback answers before 200. */
  refusals: readonly number[]
  type: MessageType
}

/** What a receiver that trusts nobody would complain about. */
export interface Fault {
  idcardid: string
  kind: 'missing' | 'unverified' | 'type' | 'answers' | 'changed'
  expected: string
  got: string
}

export const SCENES: readonly Scene[] = [
  {
    idcardid: 'demo-pass',
    path: '/pass',
    script: { afterMs: 3_000, status: 'SUCCESS', similarity: '98.70' },
    refusals: [],
    type: 'idface.succeeded',
  },
  {
    idcardid: 'demo-fail',
    path: '/fail',
    script: { afterMs: 5_000, status: 'FAIL' },
    refusals: [],
    type: 'idface.failed',
  },
  {
    idcardid: 'demo-retry',
    path: '/retry',
    script: { afterMs: 2_000, status: 'SUCCESS' },
    refusals: [500, 500],
    type: 'idface.succeeded',
  },
  { idcardid: 'demo-unknown', path: '/unknown', script: null, refusals: [], type: 'idface.unresolved' },
]

/** Compares what a callback received with its scene: every attempt verified, with one id and the same bytes. */
export const judgeScene = ({ idcardid, type, refusals }: Scene, deliveries: readonly Delivery[]): Fault[] => {
  const expect = (kind: Fault['kind'], expected: string, got: string): Fault[] =>
    expected === got ? [] : [{ idcardid, kind, expected, got }]
  if (deliveries.length === 0) return expect('missing', type, '-')
  const each = (read: (delivery: Delivery) => unknown) => [...new Set(deliveries.map(read))].map(String)
  const answers = deliveries.map(({ status }) => status ?? '-').join(', ')
  const isSame = each(({ id }) => id).length === 1 && each(({ body }) => body).length === 1
  return [
    ...expect('unverified', 'true', each(({ verified }) => verified).join(', ')),
    ...expect('type', type, each(delivery => delivery.type).join(', ')),
    ...expect('answers', [...refusals, 200].join(', '), answers),
    ...(isSame ? [] : expect('changed', '1', each(({ id }) => id).join(', '))),
  ]
}
