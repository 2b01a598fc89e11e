import { Pool } from 'undici'

export interface Registering {
  idcardid: string
  callbackUrl: string
}

/** Calls the API with one partner's key over kept connections, as cheaply as undici can. */
export const openApi = (url: string, apiKey: string, { connections = 32 } = {}) => {
  const pool = new Pool(url, { connections, pipelining: 1 })
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' }

  const call = async (method: 'GET' | 'POST', path: string, body?: unknown): Promise<string> => {
    const text = body === undefined ? null : JSON.stringify(body)
    const response = await pool.request({ method, path, headers, body: text })
    const answer = await response.body.text()
    if (response.statusCode >= 300) throw new Error(`${method} ${path} answered ${response.statusCode}: ${answer}`)
    return answer
  }

  return {
    get: (path: string) => call('GET', path),
    register: (one: Registering) => call('POST', '/v1/registrations', one),
    registerAll: async (registrations: readonly Registering[]): Promise<void> => {
      const answer = await call('POST', '/v1/registrations/batch', { registrations })
      const { results } = JSON.parse(answer) as { results: { status: number }[] }
      const refused = results.find(({ status }) => status !== 201)
      if (refused) throw new Error(`not registered: ${JSON.stringify(refused)}`)
    },
    [Symbol.asyncDispose]: () => pool.close(),
  }
}

export type Api = ReturnType<typeof openApi>
