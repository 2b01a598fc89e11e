import type { Context, Hono } from 'hono'
import { html } from 'hono/html'
import type { Words } from '../../core/language.ts'
import type { ApiEnv, SharedDeps } from '../api-env.ts'
import { clientNetwork } from '../caller.ts'
import { openConsoleLink } from '../console-links.ts'
import type { MeAnswer } from '../partner/me.ts'
import { type CallApi, Refused } from './api-calls.ts'
import { postedOf } from './forms.ts'
import { type Page, type Reader, readerOf, time } from './page.ts'
import type { createSessions } from './sessions.ts'

const TITLE: Words = { en: 'Enter', zh: '进入控制台' }

interface EnteringDeps {
  deps: Pick<SharedDeps, 'consoleVault' | 'rates' | 'trustedProxies'>
  sessions: Pick<ReturnType<typeof createSessions>, 'begin'>
  callApi: CallApi
  send: (c: Context, reader: Reader, page: Page, status?: 200 | 401) => Promise<Response>
}

/** `/console/enter`: a link shows a button, which begins a session that ends when the link does. */
export const addEntering = (app: Hono<ApiEnv>, { deps, sessions, callApi, send }: EnteringDeps): void => {
  /** Null: the link lets nobody in, which counts like a wrong key. */
  const read = async (c: Context, token: string) => {
    const link = openConsoleLink(deps.consoleVault, token)
    if (!link) {
      deps.rates.take('wrongKeys', clientNetwork(c, deps.trustedProxies))
      return null
    }
    try {
      return { ...link, me: await callApi<MeAnswer>(c, { token }, { method: 'GET', path: '/v1/me' }) }
    } catch (error) {
      if (!(error instanceof Refused) || error.problem.status !== 401) throw error
      return null
    }
  }
  const refuse = (c: Context, reader: Reader) => {
    const ended: Words = {
      en: 'This link has ended, or it is not whole. Ask whoever gave it to you for a new one.',
      zh: '该链接已失效或不完整。请向提供链接的人索取新的链接。',
    }
    return send(
      c,
      reader,
      { title: reader.t(TITLE), body: html`<p role="alert" class="bad">${reader.t(ended)}</p>` },
      401,
    )
  }

  app.get('/console/enter', async c => {
    const reader = readerOf(c, null)
    const { t, to } = reader
    const token = c.req.query('link') ?? ''
    const link = await read(c, token)
    if (!link) return refuse(c, reader)
    return send(c, reader, {
      title: t(TITLE),
      body: html`<form method="post" action="${to('enter')}" class="sign-in">
        <input type="hidden" name="link" value="${token}">
        <p>${t({ en: 'The pages of', zh: '合作方：' })} <strong>${link.me.name}</strong>${t({ en: ', open until', zh: '，可访问至' })}
          ${time(reader, new Date(link.until).toISOString())}</p>
        <button>${t({ en: 'Open them', zh: '打开' })}</button>
      </form>`,
    })
  })
  app.post('/console/enter', async c => {
    const reader = readerOf(c, null)
    const { link: token = '' } = await postedOf(c)
    const link = await read(c, token)
    if (!link) return refuse(c, reader)
    sessions.begin(c, { kind: 'partner', token, until: link.until })
    return c.redirect(reader.to(''), 303)
  })
}
