import type { Context } from 'hono'
import { html } from 'hono/html'
import { readApiKey } from '../../core/api-key.ts'
import type { Words } from '../../core/language.ts'
import type { SharedDeps } from '../api-env.ts'
import { clientNetwork } from '../caller.ts'
import { openConsoleLink } from '../console-links.ts'
import type { MeAnswer } from '../partner/me.ts'
import { type CallApi, Refused } from './api-calls.ts'
import { postedOf } from './forms.ts'
import { type ConsolePage, type Reader, time } from './page.ts'
import type { Session, Sessions } from './sessions.ts'
import type { Console } from './visit.ts'

const SIGN_IN: Words = { en: 'Sign in', zh: '登录' }
const ENTER: Words = { en: 'Open the console', zh: '进入控制台' }
const WRONG: Words = {
  en: 'This is neither a valid admin token nor a valid API key. The keys of a disabled partner are not valid.',
  zh: '这不是有效的管理令牌，也不是有效的 API 密钥。合作方被停用后，其密钥无效。',
}
const ENDED: Words = {
  en: 'This link has expired or is incomplete. Ask the person who gave it to you for a new one.',
  zh: '该链接已失效或不完整。请向提供链接的人索取新的链接。',
}
/** Command to paste on the service's machine. A service from source runs in a clone. */
const MAKE_TOKEN = `${import.meta.url.endsWith('.ts') ? 'npm run -s cli --' : 'idface-notifier'} admin-token create NAME --role operate`
/** The call that identifies a token's owner. */
const IDENTITY_PATHS: Readonly<Record<Session['kind'], string>> = { operator: '/v1/admin/me', partner: '/v1/me' }

/** `./` is the overview. No part after the first begins with a dot, escaped or not, which would lead up. */
const OWN_PATH = /^(\.\/|[\w-]+(\/(?!\.|%2e)([\w.-]|%[\da-f]{2})+)*)(\?[!\x22\x24-\x7e]*)?$/i
/** Returns only paths within the console; empty for others, which could lead elsewhere. */
const ownPath = (path: string): string => (OWN_PATH.test(path) ? path : '')
const alert = ({ t }: Reader, words: Words) => html`<p role="alert" class="bad">${t(words)}</p>`

export const signInPage = (reader: Reader, target = '', wrong?: Words): ConsolePage => {
  const { t, to } = reader
  return {
    title: t(SIGN_IN),
    body: html`
  <form method="post" action="${to('sign-in')}" class="sign-in">
    ${wrong ? alert(reader, wrong) : ''}
    <input type="hidden" name="to" value="${target}">
    <label>${t({ en: 'Admin token or API key', zh: '管理令牌或 API 密钥' })}
      <input type="password" name="token" required autocomplete="current-password" maxlength="400"></label>
    <button>${t(SIGN_IN)}</button>
    <p>${t({
      en: `Operators: ADMIN_TOKEN, or a token of your own (${MAKE_TOKEN}). Partners: your API key, which begins with ifn_.`,
      zh: `运维人员：ADMIN_TOKEN，或自己的令牌（${MAKE_TOKEN}）。合作方：以 ifn_ 开头的 API 密钥。`,
    })}</p>
  </form>`,
  }
}

const enterPage = (reader: Reader, token: string, { me, until }: { me: MeAnswer; until: number }): ConsolePage => {
  const { t, to } = reader
  return {
    title: t(ENTER),
    body: html`<form method="post" action="${to('enter')}" class="sign-in">
      <input type="hidden" name="link" value="${token}">
      <p>${t({ en: 'Partner: ', zh: '合作方：' })}<strong>${me.name}</strong>${t({ en: ', available until', zh: '，可访问至' })}
        ${time(reader, new Date(until).toISOString())}</p>
      <button>${t({ en: 'Open', zh: '打开' })}</button>
    </form>`,
  }
}
const endedPage = (reader: Reader): ConsolePage => ({ title: reader.t(ENTER), body: alert(reader, ENDED), status: 401 })

/**
 * `/console/sign-in` begins a session with a token. `/console/enter` begins one that ends with a link. It shows a
 * button: browsers send the cookie (`SameSite=Strict`) after a form of the console, not after a link from elsewhere.
 */
export const addSigningIn = (
  { open }: Console,
  { deps, sessions, callApi }: { deps: SharedDeps; sessions: Sessions; callApi: CallApi },
): void => {
  open('GET', 'sign-in', async (c, reader) => {
    const target = c.req.query('to')
    return target !== undefined && sessions.of(c) ? ownPath(target) : signInPage(reader, target)
  })
  open('POST', 'sign-in', async (c, reader) => {
    const { token = '', to: target = '' } = await postedOf(c)
    const key = readApiKey(token)
    const kind = key ? 'partner' : 'operator'
    try {
      const { id } = await callApi<{ id: string }>(c, { token }, { method: 'GET', path: IDENTITY_PATHS[kind] })
      sessions.begin(c, { kind, token, who: key?.id ?? id })
      return ownPath(target)
    } catch (error) {
      // The API counts a wrong token. 404: the API takes no admin tokens.
      if (!(error instanceof Refused) || ![401, 404].includes(error.problem.status)) throw error
      return { ...signInPage(reader, target, WRONG), status: 401 }
    }
  })
  open('POST', 'sign-out', async c => {
    sessions.end(c)
    return 'sign-in'
  })

  /** Returns null if the link is not valid, which counts like a wrong key. */
  const read = async (c: Context, token: string) => {
    const link = openConsoleLink(deps.consoleVault, token)
    if (!link) {
      deps.rates.take('wrongKeys', clientNetwork(c, deps.trustedProxies))
      return null
    }
    try {
      return { ...link, me: await callApi<MeAnswer>(c, { token }, { method: 'GET', path: IDENTITY_PATHS.partner }) }
    } catch (error) {
      if (!(error instanceof Refused) || error.problem.status !== 401) throw error
      return null
    }
  }
  open('GET', 'enter', async (c, reader) => {
    const token = c.req.query('link') ?? ''
    const link = await read(c, token)
    return link ? enterPage(reader, token, link) : endedPage(reader)
  })
  open('POST', 'enter', async (c, reader) => {
    const { link: token = '' } = await postedOf(c)
    const link = await read(c, token)
    if (!link) return endedPage(reader)
    sessions.begin(c, { kind: 'partner', token, who: link.keyId ?? link.partnerId }, link.until)
    return ''
  })
}
