import type { AccountAnswer } from '../../src/http/admin/accounts.ts'
import type { ExplanationAnswer } from '../../src/http/partner/explain.ts'
import type { AttemptAnswer, RegistrationAnswer } from '../../src/http/partner/registration-schemas.ts'

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

const PATIENCE_MS = 60_000
const LOOK_AGAIN_MS = 10
const SHOWN_CHARACTERS = 1_000

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

/** Polls until `accepts`; for states that send no signal. Rejects with the last state. */
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
  const find = (id: string) => get<RegistrationAnswer>(`/v1/registrations/${id}`)

  return {
    call,
    get,
    find,
    /** Answers 201 or fails. */
    register: async (body: Registering) =>
      expectStatus(201, await call<RegistrationAnswer>('POST', '/v1/registrations', body)),
    explain: (id: string) => get<ExplanationAnswer>(`/v1/registrations/${id}/explain`),
    attempts: async (id: string) => (await get<{ data: AttemptAnswer[] }>(`/v1/registrations/${id}/attempts`)).data,
    resend: (id: string) => call('POST', `/v1/registrations/${id}/resend`),
    poll: (id: string) => call('POST', `/v1/registrations/${id}/poll`),
    cancel: (id: string) => call('DELETE', `/v1/registrations/${id}`),
    erase: (id: string) => call('DELETE', `/v1/registrations/${id}?erase=true`),
    /** The registration as soon as it is like this. */
    until: (id: string, accepts: (registration: RegistrationAnswer) => boolean) => eventually(() => find(id), accepts),
  }
}

/** The operator's calls. */
export const createAdminClient = (url: string, token: string) => {
  const { call, get } = createApiClient(url, token)
  const account = async (apiId: string): Promise<AccountAnswer> => {
    const { data } = await get<{ data: AccountAnswer[] }>('/v1/admin/accounts')
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
    untilAccount: (apiId: string, accepts: (account: AccountAnswer) => boolean) =>
      eventually(() => account(apiId), accepts),
    pause: async (apiId: string) => call('POST', `/v1/admin/accounts/${(await account(apiId)).id}/pause`),
    resume: async (apiId: string) => call('POST', `/v1/admin/accounts/${(await account(apiId)).id}/resume`),
  }
}
