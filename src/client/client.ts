import { SECOND } from '../core/duration.ts'
import { splitBatches } from './batches.ts'
import { NotifierError } from './error.ts'
import type { EventFilter, HistorySpan, RegistrationFilter } from './filters.ts'
import { createPages, type Pages } from './pages.ts'
import { pause } from './pause.ts'
import type {
  ApiKey,
  Attempt,
  BulkResend,
  ConsoleLink,
  Contact,
  Explanation,
  History,
  HostHistory,
  ListedRegistration,
  LookedUp,
  Me,
  NewApiKey,
  NewSigningSecret,
  Page,
  Problem,
  Registration,
  SigningSecret,
  Status,
  StoredEvent,
} from './shapes.ts'
import type { ApiCall, Transport } from './transport.ts'

export interface Signalled {
  /** Aborts the call, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
}

export interface NewRegistration {
  /** The serial that Submit returned, as a string. */
  idcardid: string
  callbackUrl: string
  /** Comes back in the webhook; 2 KiB at most. */
  metadata?: Readonly<Record<string, string>> | undefined
  /** When the service stops waiting, usually when the link expires; text and numbers as Submit returned them. */
  expiresAt?: Date | string | number | undefined
  /** The upstream account, by id or APIID; the default one unless given. */
  account?: string | undefined
}

/** Narrowed by `status`. 201 and 200 are separate members, because TypeScript excludes a member by one literal only. */
export type BatchResult =
  | { status: 201; registration: Registration; problem?: undefined }
  /** `ignored`: the fields in which the existing registration differs; they are not changed. */
  | { status: 200; registration: Registration; ignored?: ('metadata' | 'expiresAt')[]; problem?: undefined }
  | { status: RefusedStatus; problem: Problem; registration?: undefined }
/** 429 and 503 may succeed later. */
type RefusedStatus = 403 | 409 | 422 | 429 | 503

/** The API of idface-notifier. A call that fails rejects with a `NotifierError`. */
export interface Client {
  /** May be repeated: a serial and URL give one registration, and after `unresolved` or `cancelled` a new one. */
  register(registration: NewRegistration, options?: Signalled): Promise<Registration>
  /**
   * Registers any number, in batches, and resolves with one result for each, in order. If a batch fails, the batches
   * before it are registered; registering all of them again does no harm.
   */
  registerBatch(registrations: readonly NewRegistration[], options?: Signalled): Promise<BatchResult[]>
  /**
   * Resolves with the registrations of any number of serials, in order. Sends up to 1,000 per request, or fewer if an
   * answer would be too large.
   */
  lookup(idcardids: readonly string[], options?: Signalled): Promise<LookedUp[]>
  getRegistration(id: string, options?: Signalled): Promise<Registration>
  /** Newest first. A search goes through all; a page of `pages()` with `lookedBackTo` shows where it stopped. */
  listRegistrations(filter?: RegistrationFilter, options?: Signalled): Pages<ListedRegistration>
  /**
   * Stops polls and webhooks before the end; after it, rejects with `has_verdict` and changes nothing. `erase` erases
   * verdict, scores, metadata and the webhook's text in any state, for ever.
   */
  cancel(id: string, options?: Signalled & { erase?: boolean | undefined }): Promise<void>
  /** The user is back: GetResult is polled now. */
  poll(id: string, options?: Signalled): Promise<Registration>
  /** Why there is no webhook yet; in the client's language by default. */
  explain(id: string, options?: Signalled & { language?: 'en' | 'zh' | undefined }): Promise<Explanation>
  /** Oldest first. */
  attempts(id: string, options?: Signalled): Promise<Attempt[]>
  /** Sends the webhook again, now, under the same id. */
  resend(id: string, options?: Signalled): Promise<Registration>
  /** Resends, in the background, all webhooks that were given up within `range`. */
  resendExhausted(
    range: HistorySpan & { since: Date | string; host?: string | undefined },
    options?: Signalled,
  ): Promise<BulkResend>
  /** Progress of a bulk resend. */
  getResend(id: string, options?: Signalled): Promise<BulkResend>
  /**
   * The webhooks in order, from after the cursor `after` to the newest. To continue later, use `pages()` and keep each
   * `nextCursor` once its page is processed.
   */
  events(from?: EventFilter, options?: Signalled): Pages<StoredEvent, string>
  /** Waits for the end, also through outages. Resolves with a `pending` one after `timeoutMs`; no limit by default. */
  waitForVerdict(id: string, options?: Signalled & { timeoutMs?: number | undefined }): Promise<Registration>
  /** Your API keys, oldest first, without their texts. */
  apiKeys(options?: Signalled): Promise<ApiKey[]>
  /** Adds a key, whose text is shown only here. The others go on working. */
  createApiKey(options?: Signalled): Promise<NewApiKey>
  /** Ends a key. The key of this client is refused with `conflict`: end it with another one. */
  deleteApiKey(id: string, options?: Signalled): Promise<void>
  /** Live secrets, newest first. */
  signingSecrets(options?: Signalled): Promise<SigningSecret[]>
  /** Adds a secret. The others stay valid for `overlap` (`24h` by default): webhooks carry a signature of each. */
  rotateSigningSecret(
    rotation?: { overlap?: string | undefined; type?: 'v1' | 'v1a' | undefined },
    options?: Signalled,
  ): Promise<NewSigningSecret>
  /** Ends an old secret before its overlap does. The newest one is refused with `conflict`. */
  deleteSigningSecret(id: string, options?: Signalled): Promise<void>
  /** Sends `idface.test` now and resolves with the attempt, even if it fails. */
  testCallback(callbackUrl: string, options?: Signalled): Promise<Attempt>
  /** The contact that is notified when your URLs fail. Rejects with `not_found` if you have set none. */
  contact(options?: Signalled): Promise<Contact>
  /** Sets the contact. Its texts are in the client's language. */
  setContact(contact: { url: string; secret?: string | undefined }, options?: Signalled): Promise<Contact>
  deleteContact(options?: Signalled): Promise<void>
  /** Sends a test to the contact now and resolves with the attempt, even if it fails. */
  testContact(options?: Signalled): Promise<Attempt>
  /** Makes a link that opens your pages of the console for `ttl` (`15m` unless given). */
  createConsoleLink(link?: { ttl?: string | undefined }, options?: Signalled): Promise<ConsoleLink>
  me(options?: Signalled): Promise<Me>
  /**
   * Whether GetResult is polled now, how long a new serial waits, and how the webhooks of the last hour fare; of
   * `account`, if given.
   */
  status(options?: Signalled & { account?: string | undefined }): Promise<Status>
  /** What happened in each step of a span, by default of five minutes in the last 24 hours; of one host, if given. */
  history(span?: HistorySpan & { step?: '5m' | '1h'; host?: string | undefined }, options?: Signalled): Promise<History>
  /** What happened to the webhooks of each host, those with the most failures first. */
  hostHistory(span?: HistorySpan, options?: Signalled): Promise<HostHistory>
}

const MIN_TURN_MS = 1 * SECOND
/** @param deps.elapsed ms of a clock that never jumps */
export const createCalls = ({ request, elapsed }: { request: Transport; elapsed: () => number }): Client => {
  const get = <Answer>(path: string, more: Omit<ApiCall, 'method' | 'path'> = {}) =>
    request<Answer>({ method: 'GET', path, ...more })
  const post = <Answer>(path: string, more: Omit<ApiCall, 'method' | 'path'> = {}) =>
    request<Answer>({ method: 'POST', path, ...more })
  const lookUp = async (idcardids: readonly string[], signal: AbortSignal | undefined): Promise<LookedUp[]> => {
    try {
      return (await post<{ data: LookedUp[] }>('v1/registrations/lookup', { body: { idcardids }, signal })).data
    } catch (error) {
      if (idcardids.length === 1 || !areTooMany(error)) throw error
      const middle = Math.ceil(idcardids.length / 2)
      const first = await lookUp(idcardids.slice(0, middle), signal)
      return [...first, ...(await lookUp(idcardids.slice(middle), signal))]
    }
  }
  const list = async <T>(path: string, options: Signalled) => (await get<{ data: T[] }>(path, options)).data

  return {
    register: (registration, { signal } = {}) => post('v1/registrations', { body: toJson(registration), signal }),

    registerBatch: async (registrations, { signal } = {}) => {
      const results: BatchResult[] = []
      for (const batch of splitBatches(registrations.map(toJson))) {
        const body = { registrations: batch }
        results.push(...(await post<{ results: BatchResult[] }>('v1/registrations/batch', { body, signal })).results)
      }
      return results
    },

    lookup: async (all, { signal } = {}) => {
      const found: LookedUp[] = []
      for (const idcardids of splitBatches(all)) found.push(...(await lookUp(idcardids, signal)))
      return found
    },

    getRegistration: (id, { signal } = {}) => get(pathOf(id), { signal }),

    listRegistrations: ({ cursor: start, metadata = {}, ...filter } = {}, { signal } = {}) => {
      const pairs =
        typeof metadata === 'string'
          ? [['metadata', metadata]]
          : Object.entries(metadata).map(([key, value]) => [`metadata.${key}`, value])
      const query = { ...filter, ...Object.fromEntries(pairs) }
      return createPages(
        cursor => get<Page<ListedRegistration>>('v1/registrations', { query: { ...query, cursor }, signal }),
        start,
      )
    },

    cancel: (id, { erase, signal } = {}) =>
      request({ method: 'DELETE', path: pathOf(id), query: { erase: erase ? 'true' : undefined }, signal }),
    poll: (id, { signal } = {}) => post(`${pathOf(id)}/poll`, { signal }),

    explain: (id, { language, signal } = {}) =>
      get(`${pathOf(id)}/explain`, { headers: language && { 'accept-language': language }, signal }),

    attempts: (id, { signal } = {}) => list(`${pathOf(id)}/attempts`, { signal }),
    resend: (id, { signal } = {}) => post(`${pathOf(id)}/resend`, { signal }),

    resendExhausted: (range, { signal } = {}) =>
      post('v1/resend', { body: { ...range, delivery: 'exhausted' }, signal, isOnce: true }),
    getResend: (id, { signal } = {}) => get(`v1/resend/${encodeURIComponent(id)}`, { signal }),

    events: ({ after: start, ...filter } = {}, { signal } = {}) =>
      createPages(after => get<Page<StoredEvent, string>>('v1/events', { query: { ...filter, after }, signal }), start),

    waitForVerdict: async (id, { timeoutMs = Number.POSITIVE_INFINITY, signal } = {}) => {
      const endsAt = elapsed() + timeoutMs
      for (;;) {
        const askedAt = elapsed()
        const registration = await get<Registration>(pathOf(id), { waitUntil: endsAt, signal })
        if (registration.status !== 'pending' || elapsed() >= endsAt) return registration
        // A service with too many waiting calls answers at once.
        const pauseMs = Math.min(askedAt + MIN_TURN_MS, endsAt) - elapsed()
        if (pauseMs > 0) await pause(pauseMs, signal)
      }
    },

    apiKeys: ({ signal } = {}) => list('v1/keys', { signal }),
    createApiKey: ({ signal } = {}) => post('v1/keys', { signal, isOnce: true }),
    deleteApiKey: (id, { signal } = {}) =>
      request({ method: 'DELETE', path: `v1/keys/${encodeURIComponent(id)}`, signal }),

    signingSecrets: ({ signal } = {}) => list('v1/signing-secrets', { signal }),

    rotateSigningSecret: (rotation = {}, { signal } = {}) =>
      post('v1/signing-secrets/rotate', { body: rotation, signal, isOnce: true }),

    deleteSigningSecret: (id, { signal } = {}) =>
      request({ method: 'DELETE', path: `v1/signing-secrets/${encodeURIComponent(id)}`, signal }),

    testCallback: (callbackUrl, { signal } = {}) =>
      post('v1/callbacks/test', { body: { callbackUrl }, waitMs: MAX_ATTEMPT_MS, signal, isOnce: true }),

    contact: ({ signal } = {}) => get('v1/contact', { signal }),
    setContact: ({ url, secret }, { signal } = {}) =>
      request({ method: 'PUT', path: 'v1/contact', body: { url, secret }, signal }),
    deleteContact: ({ signal } = {}) => request({ method: 'DELETE', path: 'v1/contact', signal }),
    testContact: ({ signal } = {}) => post('v1/contact/test', { waitMs: MAX_ATTEMPT_MS, signal, isOnce: true }),

    createConsoleLink: (link = {}, { signal } = {}) => post('v1/console-links', { body: link, signal }),

    me: ({ signal } = {}) => get('v1/me', { signal }),
    status: ({ account, signal } = {}) => get('v1/status', { query: { account }, signal }),

    history: (query = {}, { signal } = {}) => get('v1/history', { query: { ...query }, signal }),
    hostHistory: (query = {}, { signal } = {}) => get('v1/history/hosts', { query: { ...query }, signal }),
  }
}

/**
 * Returns true if serials have more registrations together than one answer holds. An invalid serial is `idcardids.N`.
 */
const areTooMany = (error: unknown): boolean =>
  error instanceof NotifierError &&
  error.code === 'invalid_body' &&
  (error.problem?.errors?.some(({ path }) => path === 'idcardids') ?? false)

/** The longest CALLBACK_TIMEOUT that an operator may set. */
const MAX_ATTEMPT_MS = 45 * SECOND

const pathOf = (id: string): string => `v1/registrations/${encodeURIComponent(id)}`

/** Only the known fields, so that callers may pass objects with more. */
const toJson = ({ idcardid, callbackUrl, metadata, expiresAt, account }: NewRegistration) =>
  ({ idcardid, callbackUrl, metadata, expiresAt, account }) satisfies Record<keyof NewRegistration, unknown>
