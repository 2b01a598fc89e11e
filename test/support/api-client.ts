/** A registration as the API shows it. */
export interface RegistrationJson {
  id: string
  idcardid: string
  callbackUrl: string
  metadata: Record<string, string>
  status: 'pending' | 'succeeded' | 'failed' | 'unresolved' | 'cancelled'
  reason: string | null
  result: { status: string; message: string | null; livingScore: string | null; similarity: string | null } | null
  polls: number
  lastPolledAt: string | null
  nextPollAt: string | null
  delivery: {
    messageId: string | null
    state: 'pending' | 'delivered' | 'exhausted'
    attempts: number
    nextAttemptAt: string | null
  }
  createdAt: string
  expiresAt: string
  resolvedAt: string | null
}

export interface AttemptJson {
  at: string
  outcome: string
  httpStatus: number | null
  error: string | null
  durationMs: number
  responseExcerpt: string | null
}

export interface ExplainJson {
  status: string
  reason: string | null
  sentence: string
  polling: { lastAnswer: string | null; code: number | null; status: string | null; polls: number; nextPollAt: string }
  account: { paused: boolean; reason: string | null; code: number | null; since: string | null }
  delivery: { state: string; attempts: number; lastAttempt: AttemptJson | null; heldSince: string | null }
}

export interface AccountJson {
  id: string
  account: string
  mode: string
  rate: number
  paused: boolean
  reason: string | null
  since: string | null
  reachable: boolean
  error: string | null
}

export interface Answer<Body> {
  status: number
  headers: Headers
  body: Body
}

interface Registering {
  idcardid: string
  callbackUrl: string
  metadata?: Record<string, string>
  expiresAt?: string | number
  account?: string
}

const PATIENCE_MS = 10_000
const LOOK_AGAIN_MS = 10
const SHOWN_CHARACTERS = 1_000

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

/** Looks again and again until `accepts`; for states that nothing announces. Rejects with what it saw last. */
export const eventually = async <T>(look: () => Promise<T>, accepts: (seen: T) => boolean): Promise<T> => {
  const endsAt = performance.now() + PATIENCE_MS
  for (;;) {
    const seen = await look()
    if (accepts(seen)) return seen
    if (performance.now() > endsAt)
      throw new Error(`waited in vain, saw last: ${JSON.stringify(seen).slice(0, SHOWN_CHARACTERS)}`)
    await pause(LOOK_AGAIN_MS)
  }
}

/** Calls the API at `url` with one key, over real sockets. */
export const createApiClient = (url: string, token: string) => {
  const call = async <Body = unknown>(method: string, path: string, body?: unknown): Promise<Answer<Body>> => {
    const response = await fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: (text === '' ? null : JSON.parse(text)) as Body }
  }

  const expectStatus = <Body>(status: number, answer: Answer<Body>): Body => {
    if (answer.status === status) return answer.body
    throw new Error(`answered ${answer.status}, not ${status}: ${JSON.stringify(answer.body)}`)
  }

  const get = async <Body>(path: string): Promise<Body> => expectStatus(200, await call<Body>('GET', path))
  const find = (id: string) => get<RegistrationJson>(`/v1/registrations/${id}`)

  return {
    call,
    get,
    find,
    /** Answers 201 or fails. */
    register: async (body: Registering) =>
      expectStatus(201, await call<RegistrationJson>('POST', '/v1/registrations', body)),
    explain: (id: string) => get<ExplainJson>(`/v1/registrations/${id}/explain`),
    attempts: async (id: string) => (await get<{ data: AttemptJson[] }>(`/v1/registrations/${id}/attempts`)).data,
    resend: (id: string) => call('POST', `/v1/registrations/${id}/resend`),
    poll: (id: string) => call('POST', `/v1/registrations/${id}/poll`),
    cancel: (id: string) => call('DELETE', `/v1/registrations/${id}`),
    /** The registration as soon as it is like this. */
    until: (id: string, accepts: (registration: RegistrationJson) => boolean) => eventually(() => find(id), accepts),
  }
}

/** The operator's calls. */
export const createAdminClient = (url: string, token: string) => {
  const { call, get } = createApiClient(url, token)
  const account = async (apiId: string): Promise<AccountJson> => {
    const { data } = await get<{ data: AccountJson[] }>('/v1/admin/accounts')
    const found = data.find(one => one.account === apiId)
    if (!found) throw new Error(`no account ${apiId}`)
    return found
  }
  return {
    call,
    createPartner: async (name: string) => {
      const { body } = await call<{ partnerId: string; apiKey: string; signingSecret: string }>(
        'POST',
        '/v1/admin/partners',
        { name },
      )
      return body
    },
    account,
    untilAccount: (apiId: string, accepts: (account: AccountJson) => boolean) =>
      eventually(() => account(apiId), accepts),
    pause: async (apiId: string) => call('POST', `/v1/admin/accounts/${(await account(apiId)).id}/pause`),
    resume: async (apiId: string) => call('POST', `/v1/admin/accounts/${(await account(apiId)).id}/resume`),
  }
}
