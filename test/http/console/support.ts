import { onTestFinished } from 'vitest'
import type { Role } from '../../../src/core/role.ts'
import type { Store } from '../../../src/store/store.ts'
import { ADMIN_TOKEN, type ApiOverrides, openApi } from '../support/api.ts'

const HOST = 'notifier.example'
const ORIGIN = `http://${HOST}`

/** The console over a real store, as a browser calls it: with its cookie, and forms from its own pages. It ends with its test. */
export const openConsole = async (overrides: ApiOverrides = {}, wrap?: (store: Store) => Store) => {
  const api = await openApi(overrides, wrap)
  onTestFinished(() => api[Symbol.asyncDispose]())
  const post = async (path: string, form: Readonly<Record<string, string>>, cookie = '') =>
    api.app.request(`${ORIGIN}/console/${path}`, {
      method: 'POST',
      headers: { cookie, host: HOST, origin: ORIGIN, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(form),
    })
  const visit = async (path: string, cookie: string) =>
    api.app.request(`${ORIGIN}/console/${path}`, { headers: { cookie, host: HOST, accept: 'text/html' } })
  /** The cookie of who signs in with it; by default with ADMIN_TOKEN. */
  const cookieOf = async (token = ADMIN_TOKEN) =>
    (await post('sign-in', { token })).headers.get('set-cookie')?.split(';')[0] ?? ''
  return {
    api,
    post,
    visit,
    cookieOf,
    cookieOfRole: async (role: Role) => cookieOf((await api.addToken(role)).text),
    /** The text of a page; by default as who signs in with ADMIN_TOKEN reads it. */
    read: async (path: string, cookie?: string) => (await visit(path, cookie ?? (await cookieOf()))).text(),
  }
}
