import { onTestFinished } from 'vitest'
import type { Store } from '../../../src/store/store.ts'
import type { ApiOverrides } from '../support/api.ts'
import { openApi } from '../support/api.ts'

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
  const signIn = (token: string) => post('sign-in', { token })
  return {
    api,
    post,
    signIn,
    visit: async (path: string, cookie: string) =>
      api.app.request(`${ORIGIN}/console/${path}`, { headers: { cookie, host: HOST, accept: 'text/html' } }),
    /** The cookie of who signs in with it. */
    cookieOf: async (token: string) => (await signIn(token)).headers.get('set-cookie')?.split(';')[0] ?? '',
  }
}
