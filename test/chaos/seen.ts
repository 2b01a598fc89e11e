import { createHmac } from 'node:crypto'
import type { EventAnswer } from '../../src/http/partner/events.ts'
import type { RegistrationAnswer } from '../../src/http/partner/registration-schemas.ts'

/** From when to when, in ms of a clock that makes no steps, as all times here are. */
export interface Span {
  from: number
  to: number
}

/** A call of a partner. `answeredAt` is null if no answer came, or a 5xx: the call may have been done. */
interface Call {
  partner: string
  at: number
  answeredAt: number | null
}
export interface Registering extends Call {
  serial: string
  url: string
  metadata: Metadata
  /** Null: left to the service. */
  expiresAt: string | null
  /** Null: not answered. */
  id: string | null
  /** Its APIID; the default one unless given. */
  account?: string | undefined
}
/** An answer that a registration is not made. */
export interface Refusal extends Omit<Registering, 'id'> {
  status: number
}
export interface Act extends Call {
  what: 'cancel' | 'resend' | 'poll'
  id: string
  /** It may have been left out. */
  isUnsure?: true
  /** An operator has done it to all of a serial. */
  isOfAll?: true
}
/** An act that was refused. */
export interface RefusedAct extends Act {
  status: number
}
/** The answer to a partner that asked for a registration of another. */
export interface Pried {
  partner: string
  id: string
  status: number
}
/** All of a partner's webhooks that were given up are sent again. `answeredAt`: when that was done. */
export type BulkResend = Call
/** A signing secret and its time. Null: the answer with it was lost, so any signature may be by it. */
export interface Secret extends Span {
  partner: string
  text: string | null
  /** When the call was answered that brought it; unless given, before all began. */
  toldAt?: number
}
/** A registration as a GET returned it; null: it does not exist. */
export interface Shown extends Call {
  id: string
  registration: RegistrationAnswer | null
  /** Maximum time that it was to wait for the end. */
  waitMs?: number
}
/** A page of events, after the page before it. */
export interface ShownEvents extends Call {
  events: readonly EventAnswer[]
}

/** Any call of the API by a partner. `status` is null if no answer came. */
export interface ApiCall extends Span {
  partner: string
  status: number | null
}

/** For as long as it lasts not all is promised. */
export interface Trouble extends Span {
  /** `service`: with its database; `GetResult`: or its account; `partner`: one partner, which is disabled. */
  of: 'service' | 'GetResult' | 'network' | 'partner'
  partner?: string
  /** Of GetResult: the account that is paused; unless given, all of them. */
  account?: string
  /** The one that it hit; unless given, all of them. */
  node?: number | undefined
  name: string
}

/** Name of the trouble that the harness, and every process beside it, stood still for a second or more. */
export const STANDSTILL = 'this machine stands still'

/** A request that came to a receiver. */
export interface Webhook {
  url: string
  /** The node that sent it; unless given, any node may have. */
  node?: number | undefined
  at: number
  /** Null: the sender got no answer. */
  status: number | null
  /** In seconds, from the header of its answer. */
  retryAfter?: number
  answeredAt: number
  id: string
  /** Whose secret its signature fits; null: nobody's. */
  signedBy: string | null
  /** Of its header, in seconds. */
  timestamp: number
  body: string
}

/** A call of GetResult. */
export interface Poll {
  /** An APIID; the default one unless given. */
  account?: string | undefined
  serial: string
  /** The node that polls; unless given, any node may have. */
  node?: number | undefined
  at: number
  /** The answer of GetResult; `none`: nothing usable. */
  answer: 'SUCCESS' | 'FAIL' | 'waiting' | 'unknown' | 'not_found' | 'invalid' | 'none'
  /** When the node got it; null: it was lost on its way, or the node had died. */
  heardAt: number | null
  /** Delay that the answer asks for. */
  retryAfterMs?: number | null
}

/** Metadata, different for each registration, and GetResult's data of a person: both come back unchanged. */
export const metadataOf = (partner: string, n: number) => ({ order: `${partner} ${n}`, as: 'é "中文" \\ \u2028 😀' })
export type Metadata = ReturnType<typeof metadataOf>
export const personOf = (serial: string) => ({
  message: `核验 ${serial} \u2029 "😀"`,
  livingScore: `8${serial.slice(-1)}.50`,
  similarity: `9${serial.slice(-1)}`,
})

/** All that partners, receivers and GetResult have seen of a service. Nothing else is judged. */
export interface Seen {
  registering: Registering[]
  refusals: Refusal[]
  acts: Act[]
  refusedActs: RefusedAct[]
  pried: Pried[]
  bulkResends: BulkResend[]
  secrets: Secret[]
  shown: Shown[]
  events: ShownEvents[]
  calls: ApiCall[]
  /** From the answer that a partner is disabled until it is enabled again. */
  disabled: (Span & { partner: string })[]
  /** When an operator has paused an account, from the answer on. */
  paused: (Span & { account: string })[]
  /** Partners with thin payloads: their webhooks have no data of the person. */
  thin: string[]
  webhooks: Webhook[]
  polls: Poll[]
  /** Promises of time, and of once alone, are not kept then. */
  troubles: Trouble[]
  /** When all of it had ended. */
  endedAt: number
}

export const newSeen = (): Seen => ({
  registering: [],
  refusals: [],
  acts: [],
  refusedActs: [],
  pried: [],
  bulkResends: [],
  secrets: [],
  shown: [],
  events: [],
  calls: [],
  disabled: [],
  paused: [],
  thin: [],
  webhooks: [],
  polls: [],
  troubles: [],
  endedAt: 0,
})

/** From the answer that brings a new secret until all sign with it. */
const LEARNED_WITHIN_MS = 5_000
/** Whose secrets a signature fits; null: nobody's, one's that has ended by then, or not each that signs. */
export const signerOf = (
  { headers, body }: { headers: Readonly<Record<string, unknown>>; body: string },
  secrets: readonly Secret[],
  { at, notedLate }: { at: number; notedLate: number },
): string | null => {
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
  const given = new Set(String(headers['webhook-signature']).split(' '))
  const fits = (text: string) => {
    const key = Buffer.from(text.replace(/^whsec_/, ''), 'base64')
    return given.has(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`)
  }
  const isLive = (one: Secret) => (one.toldAt ?? 0) < at - LEARNED_WITHIN_MS && one.to > at + notedLate
  const fitting = secrets.filter(({ text, from, to }) =>
    text === null ? from <= at && at <= to + notedLate : fits(text),
  )
  if (fitting.some(({ to }) => at > to + notedLate)) return null
  const found = fitting.find(({ text }) => text !== null) ?? fitting[0]
  const own = secrets.filter(({ partner, from }) => partner === found?.partner && from <= at)
  const isLacking = own.every(({ text }) => text !== null) && own.some(one => isLive(one) && !fitting.includes(one))
  return isLacking ? null : (found?.partner ?? null)
}
