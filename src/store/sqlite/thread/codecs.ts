import { Secret } from '../../../core/secret.ts'
import type { ClaimedMessage, ClaimedMessages, ClaimedVerifications, Store, StoreHints } from '../../store.ts'
import { pack, unpack } from './cells.ts'
import { packError, unpackError } from './errors.ts'
import {
  MESSAGE_HEADS,
  MESSAGE_SETTLEMENTS,
  type MessageHead,
  VERIFICATION_OUTCOMES,
  VERIFICATION_SETTLEMENTS,
  VERIFICATIONS,
} from './shapes.ts'

/** What a thread is asked to do: the store's asynchronous verbs. */
export type Verb = Exclude<
  { [Name in keyof Store]: Store[Name] extends (...args: never[]) => Promise<unknown> ? Name : never }[keyof Store],
  'close'
>
type Arguments = { [V in Verb]: Parameters<Store[V]> }
type Results = { [V in Verb]: Awaited<ReturnType<Store[V]>> }

/** Makes of a value what can be sent to another thread, and back. */
export interface Codec<Value> {
  pack(value: Value): unknown
  unpack(packed: never): Value
}

/** Whether a plain copy of it, or of something in it, would be something else. */
type Breaks<Value> = Value extends Secret | Uint8Array | Error
  ? true
  : Value extends readonly (infer Item)[]
    ? Breaks<Item>
    : Value extends ReadonlyMap<infer Key, infer Item>
      ? Breaks<Key | Item>
      : Value extends object
        ? { [Name in keyof Value]: Breaks<Value[Name]> }[keyof Value]
        : false
/** The compiler asks for one wherever there has to be one. */
type Codecs<Values> = { [V in keyof Values as true extends Breaks<Values[V]> ? V : never]: Codec<Values[V]> } & {
  [V in keyof Values]?: Codec<Values[V]>
}

const codec = <Value, Packed>(pack: (value: Value) => Packed, unpack: (packed: Packed) => Value): Codec<Value> => ({
  pack,
  unpack,
})

const conceal = (text: string): Secret => new Secret(text)
const reveal = (secret: Secret): string => secret.reveal()
/** What arrives of a Buffer is a Uint8Array of the same bytes. */
const toBuffer = ({ buffer, byteOffset, length }: Uint8Array): Buffer => Buffer.from(buffer, byteOffset, length)
/** A Buffer may be a view of a larger pool, and sending it would send the whole pool: so its bytes are copied first. */
export const toBytes = (buffer: Buffer): Uint8Array => Uint8Array.from(buffer)

/** Only for verbs whose arguments a plain copy would break (secrets, buffers) or for which it would cost too much. */
export const ARGUMENTS: Codecs<Arguments> = {
  createPartner: codec(
    ([{ key, secret, ...partner }]) => ({
      ...partner,
      key: { ...key, hash: toBytes(key.hash) },
      secret: { ...secret, text: reveal(secret.text) },
    }),
    ({ key, secret, ...partner }) => [
      {
        ...partner,
        key: { ...key, hash: toBuffer(key.hash) },
        secret: { ...secret, text: conceal(secret.text) },
      },
    ],
  ),
  createKey: codec(
    ([partnerId, key]) => [partnerId, { ...key, hash: toBytes(key.hash) }] as const,
    ([partnerId, key]) => [partnerId, { ...key, hash: toBuffer(key.hash) }],
  ),
  createAdminToken: codec(
    ([token]) => ({ ...token, hash: toBytes(token.hash) }),
    token => [{ ...token, hash: toBuffer(token.hash) }],
  ),
  rotateSigningSecret: codec(
    ([partnerId, secret, overlapMs]) => [partnerId, { ...secret, text: reveal(secret.text) }, overlapMs] as const,
    ([partnerId, secret, overlapMs]) => [partnerId, { ...secret, text: conceal(secret.text) }, overlapMs],
  ),
  putDefaultAccount: codec(
    ([account]) => ({ ...account, apiKey: reveal(account.apiKey) }),
    account => [{ ...account, apiKey: conceal(account.apiKey) }],
  ),
  createAccount: codec(
    ([account]) => ({ ...account, apiKey: reveal(account.apiKey) }),
    account => [{ ...account, apiKey: conceal(account.apiKey) }],
  ),
  settleMessages: codec(
    ([settlements]) => pack(MESSAGE_SETTLEMENTS, settlements),
    cells => [unpack(MESSAGE_SETTLEMENTS, cells)],
  ),
  settleVerifications: codec(
    ([settlements]) => pack(VERIFICATION_SETTLEMENTS, settlements),
    cells => [unpack(VERIFICATION_SETTLEMENTS, cells)],
  ),
}

export const RESULTS: Codecs<Results> = {
  findKey: codec(
    owner => owner && { ...owner, hash: toBytes(owner.hash) },
    owner => owner && { ...owner, hash: toBuffer(owner.hash) },
  ),
  findAdminToken: codec(
    owner => owner && { ...owner, hash: toBytes(owner.hash) },
    owner => owner && { ...owner, hash: toBuffer(owner.hash) },
  ),
  liveSecrets: codec(
    secrets => secrets.map(reveal),
    texts => texts.map(conceal),
  ),
  claimVerifications: codec(
    ({ claims, nextAt }: ClaimedVerifications) => ({
      claims: claims.map(({ account, verifications }) => ({
        account: { ...account, apiKey: reveal(account.apiKey) },
        verifications: pack(VERIFICATIONS, verifications),
      })),
      nextAt,
    }),
    ({ claims, nextAt }) => ({
      claims: claims.map(({ account, verifications }) => ({
        account: { ...account, apiKey: conceal(account.apiKey) },
        verifications: unpack(VERIFICATIONS, verifications),
      })),
      nextAt,
    }),
  ),
  claimMessages: codec(
    ({ messages, secrets, nextAt }: ClaimedMessages) => ({
      heads: pack(
        MESSAGE_HEADS,
        messages.map(({ body, ...head }) => ({ ...head, bytes: body.length })),
      ),
      // All in one: memory for each would cost as much as all the rest.
      bodies: new Uint8Array(Buffer.concat(messages.map(({ body }) => body))),
      secrets: [...secrets].map(([partnerId, live]) => [partnerId, live.map(reveal)] as const),
      nextAt,
    }),
    ({ heads, bodies, secrets, nextAt }) => ({
      messages: withBodies(unpack(MESSAGE_HEADS, heads), bodies),
      secrets: new Map(secrets.map(([partnerId, texts]) => [partnerId, texts.map(conceal)])),
      nextAt,
    }),
  ),
  settleVerifications: codec(
    outcomes => pack(VERIFICATION_OUTCOMES, outcomes),
    cells => unpack(VERIFICATION_OUTCOMES, cells),
  ),
}

/** @param bodies the bytes of all, one after the other */
const withBodies = (heads: readonly MessageHead[], { buffer, byteOffset }: Uint8Array): ClaimedMessage[] => {
  let start = byteOffset
  return heads.map(({ bytes, ...head }) => {
    const body = Buffer.from(buffer, start, bytes)
    start += bytes
    return { ...head, body }
  })
}

/** Null: sent as it is. */
export const HINTS: { [Name in keyof StoreHints]: Codec<StoreHints[Name]> | null } = {
  verificationsDue: null,
  messagesDue: null,
  bulkActsDue: null,
  resolved: null,
  cancelled: null,
  callbacksChanged: null,
  unreadable: null,
  broken: codec(
    ([error]) => packError(error),
    error => [unpackError(error)],
  ),
}
