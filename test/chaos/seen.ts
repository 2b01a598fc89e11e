import { createHmac } from 'node:crypto'
import type { EventAnswer } from '../../src/http/partner/events.ts'
import type { RegistrationAnswer } from '../../src/http/partner/registration-schemas.ts'

/** From when to when, in ms of a clock that makes no steps, as all times here are. */
export interface Span {
  from: number
  to: number
}

/** What a partner has asked of the API. `answeredAt` is null where no answer came, or a 5xx: it may have been done. */
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
/** What was asked for, and refused. */
export interface RefusedAct extends Act {
  status: number
}
/** How a partner was answered that asked for a registration of another. */
export interface Pried {
  partner: string
  id: string
  status: number
}
/** All of a partner's webhooks that were given up are sent again. `answeredAt`: when that was done. */
export type BulkResend = Call
/** What signs a partner's webhooks, and from when to when. Null: an answer got lost that had it, so any signature may be its. */
export interface Secret extends Span {
  partner: string
  text: string | null
  /** When the call was answered that brought it; unless given, before all began. */
  toldAt?: number
}
/** What a GET showed of a registration; null: it is not there. */
export interface Shown extends Call {
  id: string
  registration: RegistrationAnswer | null
  /** So long it was to wait for the end, at most. */
  waitMs?: number
}
/** A page of events, after the page before it. */
export interface ShownEvents extends Call {
  events: readonly EventAnswer[]
}

/** A call of the API by a partner, whatever it is for. `status` is null where no answer came. */
export interface ApiCall extends Span {
  partner: string
  status: number | null
}

/** For as long as it lasts not all is promised. */
export interface Trouble extends Span {
  /** Of the service and its database; of GetResult, or its account; of the network; of one partner, who is disabled. */
  of: 'service' | 'GetResult' | 'network' | 'partner'
  partner?: string
  /** Of GetResult: the account that is paused; unless given, all of them. */
  account?: string
  /** The one that it hit; unless given, all of them. */
  node?: number | undefined
  name: string
}

/** Of the trouble that whoever plays partners and GetResult did not get on for a second or more, nor any process beside it. */
export const STANDSTILL = 'this machine stands still'

/** A request that came to a receiver. */
export interface Webhook {
  url: string
  /** Who has sent it; unless given, any node may have. */
  node?: number | undefined
  at: number
  /** Null: the sender got no answer. */
  status: number | null
  /** In seconds, as its answer says. */
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
  /** Who asks; unless given, any node may have. */
  node?: number | undefined
  at: number
  /** What GetResult said; `none`: nothing that could be used. */
  answer: 'SUCCESS' | 'FAIL' | 'waiting' | 'unknown' | 'not_found' | 'invalid' | 'none'
  /** When it was heard; null: it got lost on its way, or whoever asked has died. */
  heardAt: number | null
  /** As the answer asks for. */
  retryAfterMs?: number | null
}

/** What partners send with a registration, none of which has another's, and what GetResult says of a person: each is to come back as it is. */
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
  /** Partners whose webhooks leave out what was said of the person. */
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
