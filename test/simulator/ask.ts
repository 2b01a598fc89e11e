import { Agent, request } from 'undici'

export const ACCOUNT = { apiId: 'test', apiKey: '1q784322ba1d9bb88d50cf5cdfd89k7d' }

export const agent = new Agent({ connections: 8, keepAliveTimeout: 1_000 })

export interface Reply {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
  json: { code: unknown; msg: string; result?: Record<string, unknown> }
}

/** POSTs the parameters as a form, or GETs them. */
const ask = async (
  url: string,
  parameters: Record<string, string>,
  method: 'POST' | 'GET' = 'POST',
): Promise<Reply> => {
  const form = new URLSearchParams(parameters).toString()
  const post = {
    method,
    dispatcher: agent,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form,
  }
  const response = await (method === 'POST'
    ? request(url, post)
    : request(`${url}?${form}`, { method, dispatcher: agent }))
  const text = await response.body.text()
  const isJson = text.startsWith('{') && text.endsWith('}')
  return { status: response.statusCode, headers: response.headers, text, json: isJson ? JSON.parse(text) : {} }
}

/** Calls GetResult for a serial with the static password. */
export const askFor = (url: string, idcardid: string): Promise<Reply> =>
  ask(url, { account: ACCOUNT.apiId, password: ACCOUNT.apiKey, idcardid })
