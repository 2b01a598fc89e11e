import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { SECOND } from '../../../src/core/duration.ts'
import { ROLES, type Role } from '../../../src/core/role.ts'
import { ADMIN_ROUTES } from '../support/admin-routes.ts'
import { ADMIN_TOKEN, HOOK, type Json } from '../support/api.ts'
import { openConsole } from './support.ts'

const SHORT = `"'></td></pre></title><script>alert(1)</script><img src=x onerror=alert(2)>\u202e\u2066&`
const SERIAL = 'serial-of-one'
const FAILED_HOOK = 'https://failed.one.example/hook'

const idsOf = <Name extends string>(all: Record<Name, Json>) =>
  Object.fromEntries(Object.entries<Json>(all).map(([name, { id }]) => [name, id])) as Record<Name, string>

/** Partner one with all that can be acted on, and everyone who might try. */
const makeWorld = async () => {
  const { api, post, cookieOf } = await openConsole()
  const asAdmin = async (path: string, body?: unknown): Promise<Json> => (await api.admin('POST', path, body)).json
  const settle = async (status: number) => {
    await api.succeed()
    await api.receiveWith(status, { scheduleMs: [] })
    api.clock.now += SECOND
  }
  await api.register({ idcardid: 'serial-of-one-held' })
  await settle(410)
  const failed = await api.register({ idcardid: 'serial-of-one-failed', callbackUrl: FAILED_HOOK })
  await settle(500)
  const resend = await api.call('POST', '/v1/resend', {
    body: { since: '2026-11-01T00:00:00Z', until: '2026-11-02T00:00:00Z', delivery: 'exhausted' },
  })
  const waits = await api.register({ idcardid: SERIAL, callbackUrl: 'https://waits.one.example/hook' })
  await api.answerWith({ kind: 'waiting', code: 2, status: 'REGISTERED' })
  await api.call('POST', '/v1/signing-secrets/rotate', { body: {} })
  const spare = await api.call('POST', '/v1/keys')
  for (const { key } of [api.partner, api.other])
    await api.call('PUT', '/v1/contact', { key, body: { url: 'https://contact.example/' } })
  const [, secret] = (await api.call('GET', '/v1/signing-secrets')).json.data
  const account = await asAdmin('/accounts', { account: 'C2', apiKey: 'x' })
  const paused = await asAdmin('/accounts', { account: 'C4', apiKey: 'x' })
  await asAdmin(`/accounts/${paused.id}/pause`)
  const bulkOf = () => asAdmin('/bulk', { act: 'poll', filter: { status: 'pending' }, reason: 'x' })
  const draft = await bulkOf()
  const started = await bulkOf()
  await asAdmin(`/bulk/${started.id}/start`)
  const tokens = {
    read: await api.addToken('read'),
    operate: await api.addToken('operate'),
    admin: await api.addToken('admin'),
  }
  const linkOf = async () => new URL((await api.call('POST', '/v1/console-links', { body: {} })).json.url).searchParams
  const link = (await linkOf()).get('link') ?? ''
  const entered = await post('enter', { link })
  const cookies = {
    nobody: '',
    read: await cookieOf(tokens.read.text),
    operate: await cookieOf(tokens.operate.text),
    admin: await cookieOf(tokens.admin.text),
    one: await cookieOf(api.partner.key),
    two: await cookieOf(api.other.key),
    link: entered.headers.get('set-cookie')?.split(';')[0] ?? '',
  }
  api.clock.now += SECOND
  // Each copy notes anew that these are used, which is no change where they have been used at this time.
  const used = await openConsole({ copy: api.copy() })
  for (const cookie of Object.values(cookies)) await used.visit('', cookie)
  return {
    copy: used.api.copy(),
    ...{ tokens, cookies, link, partner: api.partner.id, keyId: api.partner.keyId },
    ...idsOf({ secret, account, paused, waits, failed, resend: resend.json, draft, started, spare: spare.json }),
  }
}
let made: ReturnType<typeof makeWorld> | null = null

/** Each time a copy of one: making it takes longer than most tests. */
const openWorld = async () => {
  made ??= makeWorld()
  const { copy, ...world } = await made
  return { ...world, ...(await openConsole({ copy })) }
}
type World = Awaited<ReturnType<typeof openWorld>>
type Who = keyof World['cookies']
const WHO = ['nobody', 'read', 'operate', 'admin', 'one', 'two', 'link'] as const satisfies readonly Who[]
const roleOf = (who: Who): Role | null => ROLES.find(role => role === who) ?? null
const mayAs = (role: Role, needed: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(needed)

/** Every row of the database but those of the audit, and those of the audit. That the database was tried is no fact of ours. */
const factsOf = ({ api }: World) => {
  const database = new Database(api.path, { readonly: true })
  const names = database.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all()
  const rowsOf = (name: string) =>
    database
      .prepare(`SELECT * FROM "${name}"`)
      .all()
      .map(row => `${name} ${JSON.stringify(row)}`)
  const rows = names
    .filter(name => name !== 'acts' && !name.startsWith('sqlite_'))
    .flatMap(rowsOf)
    .filter(row => !row.startsWith('meta {"key":"probed"'))
  const acts = database.prepare<[], Record<string, unknown>>('SELECT * FROM acts ORDER BY id').all()
  database.close()
  return { rows, acts, ofOne: rows.filter(row => row.includes(api.partner.id)) }
}

type Id = 'account' | 'paused' | 'draft' | 'started' | 'waits' | 'failed' | 'resend' | 'partner'
interface Case {
  route: string
  /** What the operator's API and the partner's have for it; left out: it is no form of theirs. */
  operator?: keyof typeof ADMIN_ROUTES & string
  partner?: string
  /** The least role, where it is not that of the route. */
  role?: Role
  /** It has no id, so that partner two does it to what is its own. */
  isOwn?: true
  /** The act, where it is not that of the route. */
  act?: string
  /** A console link may not. */
  byKey?: true
  changesNothing?: true
  /** Whose id stands in the route. */
  id?: Id
  /** The fields besides the reason. */
  form?: (world: World) => Readonly<Record<string, string>>
}
const reason = 'asked by phone'
const ROTATION = () => ({ overlap: '7d', type: 'v1' })
const OLD_SECRET = ({ secret }: World) => ({ id: secret })
const pollOrCancel = (act: string) => () => ({ act, 'filter.status': 'pending' })
type More = Omit<Case, 'route' | 'operator' | 'partner'>
/** A form for operators, and one for partners: the form of this call of their API. */
const ofOperators = (route: string, call: string, more: More = {}): Case => {
  const [method, path] = call.split(' ')
  return { route, operator: `${method} /v1/admin/${path}`, ...more }
}
const ofPartners = (route: string, call: string, more: More = {}): Case => {
  const [method, path] = call.split(' ')
  return { route, partner: `${method} /v1/${path}`, ...more }
}
const REGISTRATION_ACTS = ['poll', 'resend', 'cancel', 'erase'].flatMap((act): Case[] => {
  const isDelete = act === 'cancel' || act === 'erase'
  const call = isDelete ? 'DELETE registrations/:id' : `POST registrations/:id/${act}`
  const id = act === 'resend' ? 'failed' : 'waits'
  const ofBoth = (route: string, more: More) => ({ ...ofPartners(route, call), ...ofOperators(route, call, more) })
  return [
    ofBoth(`registrations/:id/${act}`, { id, ...(act === 'erase' && { act: 'registration.erase' }) }),
    ...(act === 'erase' ? [] : [ofBoth(`registrations/${act}`, { form: of => ({ [of[id]]: '1' }) })]),
  ]
})
const ACCOUNT = { account: 'C3', apiKey: 'x', mode: 'dynamic', rate: '', partnerId: '' }
const CHANGE = { name: 'Acme', payload: 'thin', 'quotas.pending': '', 'quotas.hosts': '0', 'quotas.daily': '70' }
const SPAN = { since: '2026-11-01T00:00', zone: 'Asia/Shanghai', until: '' }
const EXPIRY = { expiresAt: '2027-01-01T08:00', zone: 'Asia/Shanghai' }
const ROBOT = { url: 'https://hooks.slack.com/services/T/B/k', secret: '' }
const CASES: readonly Case[] = [
  ofOperators('accounts/:id/pause', 'POST accounts/:id/pause', { id: 'account' }),
  ofOperators('accounts/:id/resume', 'POST accounts/:id/resume', { id: 'paused' }),
  ofOperators('accounts/:id/remove', 'DELETE accounts/:id', { id: 'account' }),
  ofOperators('accounts/:id/change', 'PATCH accounts/:id', {
    id: 'account',
    form: () => ({ apiKey: 'y', mode: 'static' }),
  }),
  ofOperators('accounts/new', 'POST accounts', { form: () => ACCOUNT }),
  ofOperators('bulk/new', 'POST bulk', { form: pollOrCancel('poll') }),
  ofOperators('bulk/new', 'POST bulk', { role: 'admin', form: pollOrCancel('cancel') }),
  ofOperators('bulk/:id/start', 'POST bulk/:id/start', { id: 'draft' }),
  ofOperators('bulk/:id/stop', 'POST bulk/:id/stop', { id: 'started' }),
  ofOperators('deliveries/enable', 'POST callbacks/enable', {
    form: ({ partner }) => ({ partnerId: partner, callbackUrl: HOOK }),
  }),
  ofOperators('deliveries/disable', 'POST callbacks/disable', {
    form: ({ partner }) => ({ partner, callbackUrl: FAILED_HOOK }),
  }),
  ofOperators('deliveries/hold', 'POST deliveries/hold'),
  // Nothing is held.
  ofOperators('deliveries/resume', 'POST deliveries/resume', { changesNothing: true }),
  ofOperators('tokens/new', 'POST tokens', { form: () => ({ name: 'Zoë', role: 'read', expiresAt: '' }) }),
  ofOperators('tokens/revoke', 'DELETE tokens/:id', { form: ({ tokens }) => ({ token: tokens.read.id }) }),
  ofPartners('deliveries/test', 'POST callbacks/test', {
    isOwn: true,
    changesNothing: true,
    form: () => ({ callbackUrl: HOOK }),
  }),
  ofPartners('deliveries/resend', 'POST resend', { isOwn: true, form: () => SPAN }),
  ...REGISTRATION_ACTS,
  ofOperators('registrations/:id/reveal', 'POST registrations/:id/reveal', { id: 'failed', changesNothing: true }),
  ofOperators('partners/new', 'POST partners', { form: () => ({ name: 'Acme' }) }),
  ofOperators('partners/:id', 'PATCH partners/:id', { id: 'partner', form: () => CHANGE }),
  ofOperators('partners/:id/new-key', 'POST partners/:id/keys', { id: 'partner', form: () => EXPIRY }),
  ofOperators('partners/:id/revoke', 'DELETE keys/:id', { id: 'partner', form: ({ keyId }) => ({ key: keyId }) }),
  ofOperators('partners/:id/link', 'POST partners/:id/console-links', {
    id: 'partner',
    changesNothing: true,
    form: () => ({ ttl: '1h' }),
  }),
  ofOperators('partners/:id/rotate-secret', 'POST partners/:id/signing-secrets/rotate', {
    id: 'partner',
    form: ROTATION,
  }),
  ofOperators('partners/:id/end-secret', 'DELETE signing-secrets/:id', { id: 'partner', form: OLD_SECRET }),
  ofOperators('partners/:id/remove-contact', 'DELETE partners/:id/contact', { id: 'partner' }),
  ofPartners('secrets/rotate-secret', 'POST signing-secrets/rotate', { isOwn: true, byKey: true, form: ROTATION }),
  ofPartners('secrets/end-secret', 'DELETE signing-secrets/:id', { byKey: true, form: OLD_SECRET }),
  ofPartners('contact', 'PUT contact', { isOwn: true, byKey: true, form: () => ROBOT }),
  ofPartners('contact/remove', 'DELETE contact', { isOwn: true, byKey: true }),
  ofPartners('contact/test', 'POST contact/test', { isOwn: true, changesNothing: true }),
  ofPartners('keys/new', 'POST keys', { isOwn: true, byKey: true }),
  ofPartners('keys/end', 'DELETE keys/:id', { byKey: true, form: ({ spare }) => ({ key: spare }) }),
]
/** Those who send them need not have signed in. */
const OPEN_FORMS = ['sign-in', 'sign-out', 'enter']

const BELOW = '/console/'
const routesOf = async (method: string) => {
  const { api } = await openConsole()
  const own = api.app.routes.filter(route => route.method === method && route.path.startsWith(BELOW))
  return [...new Set(own.map(({ path }) => path.slice(BELOW.length).replace(/\{.*?\}/, '')))].sort()
}
const pathOf = ({ route, id }: Pick<Case, 'route' | 'id'>, world: World): string =>
  route.replace(':id', () => encodeURIComponent(id ? world[id] : ''))

const formOf = ({ operator, form }: Case, world: World): Record<string, string> => ({
  ...form?.(world),
  ...(operator && { why: reason }),
})

type Outcome = 'sign in' | 'done' | 'refused' | 'not there'
const outcomeFor = ({ operator, partner, role, isOwn, byKey }: Case, who: Who): Outcome => {
  if (who === 'nobody') return 'sign in'
  const signed = roleOf(who)
  if (who === 'link' && byKey) return 'refused'
  if (signed === null) return partner && (who !== 'two' || isOwn) ? 'done' : 'not there'
  if (!operator) return 'not there'
  return mayAs(signed, role ?? ADMIN_ROUTES[operator]?.role ?? 'admin') ? 'done' : 'refused'
}

/** Who may do what: forms, and bulk acts by their names. */
const WHO_MAY = new Map(
  CASES.map(one => [
    [one.route, one.role ? 'cancel' : ''].join(' '),
    new Set<Who>(WHO.filter(who => ['done', 'sign in'].includes(outcomeFor(one, who)))),
  ]),
)

describe('forms', () => {
  test('are all among these', async () => {
    expect([...new Set([...CASES.map(({ route }) => route), ...OPEN_FORMS])].sort()).toEqual(await routesOf('POST'))
  })

  const rows = CASES.flatMap(one => WHO.map(who => [one.route, who, outcomeFor(one, who), one] as const))
  test.each(rows)('%s by %s: %s', async (_, who, outcome, one) => {
    const world = await openWorld()
    const before = factsOf(world)
    const answer = await world.post(pathOf(one, world), formOf(one, world), world.cookies[who])
    const after = factsOf(world)
    const text = await answer.text()
    const location = answer.headers.get('location')
    const role = roleOf(who)
    const acts = after.acts.slice(before.acts.length)

    if (outcome === 'done') {
      expect([200, 303], text).toContain(answer.status)
      expect(location ?? '').not.toContain('sign-in')
      if (one.changesNothing) expect(after.rows).toEqual(before.rows)
      else expect(after.rows).not.toEqual(before.rows)
      if (who === 'two') expect(after.ofOne).toEqual(before.ofOne)
    } else {
      expect(answer.status, text).toBe({ 'sign in': 303, refused: 403, 'not there': 404 }[outcome])
      if (outcome === 'sign in') expect(location).toMatch(/^(\.\.\/)*sign-in$/)
      else expect(answer.headers.get('content-type')).toMatch(/^text\/html/)
      expect(after.rows).toEqual(before.rows)
    }

    if (role === null || outcome === 'not there') return expect(acts).toEqual([])
    const isDone = outcome === 'done'
    const begun = acts.find(({ act }) => act === (isDone && one.act ? one.act : ADMIN_ROUTES[one.operator ?? '']?.act))
    expect(begun).toMatchObject({ who: world.tokens[role].id, outcome: isDone ? 'done' : 'refused' })
    if (isDone) expect(begun).toMatchObject({ reason })
    for (const act of acts) expect(act).toMatchObject({ who: world.tokens[role].id })
  })

  test.each(WHO)('for who has not signed in change nothing in the store by %s', async who => {
    const world = await openWorld()
    const { post, cookies, link, api, visit } = world
    const before = factsOf(world)
    for (const [path, form, status] of [
      ['enter', { link }, 303],
      ['enter', { link: 'ifl_x' }, 401],
      ['sign-in', { token: api.partner.key }, 303],
      ['sign-in', { token: '' }, 401],
      ['sign-out', {}, 303],
    ] as const)
      expect((await post(path, form as Record<string, string>, cookies[who])).status).toBe(status)
    expect(factsOf(world)).toEqual(before)
    expect((await visit('', cookies[who])).headers.get('location')).toMatch(/^sign-in/)
  })

  test('with nothing in them, or too much, or of another kind, are refused by a page', async () => {
    const world = await openWorld()
    const { api, cookies } = world
    const before = factsOf(world)
    const refused = async (path: string, cookie: string, type: string, body: string) => {
      const url = `http://notifier.example/console/${path}`
      const length = String(Buffer.byteLength(body))
      const from = { cookie, host: 'notifier.example', origin: 'http://notifier.example' }
      const headers = { ...from, 'content-type': type, 'content-length': length }
      const answer = await api.app.request(url, { method: 'POST', headers, body })
      expect(answer.headers.get('content-type'), path).toMatch(/^text\/html/)
      return answer.status
    }
    const form = 'application/x-www-form-urlencoded'
    for (const path of ['sign-in', 'enter', 'accounts/new', 'partners/new']) {
      expect([path, await refused(path, cookies.admin, 'application/json', '{}')]).toEqual([path, 415])
      expect([path, await refused(path, cookies.admin, 'multipart/form-data', 'x')]).toEqual([path, 415])
      expect([path, await refused(path, cookies.admin, form, `x=${'x'.repeat(70_000)}`)]).toEqual([path, 413])
    }
    for (const path of ['accounts/new', 'partners/new', 'bulk/new', 'deliveries/enable'])
      expect([path, await refused(path, cookies.admin, form, '')]).toEqual([path, 422])
    expect(await refused('bulk/new', cookies.admin, form, 'act=poll&status=pending&status=failed&why=x')).toBe(422)
    const fields = Array.from({ length: 61 }, (_, n) => `x${n}=`).join('&')
    expect([
      await refused('sign-in', cookies.one, form, fields),
      await refused('deliveries/test', cookies.one, `${form}; charset=utf-8`, `callbackUrl=`),
    ]).toEqual([422, 422])
    expect(factsOf(world).rows).toEqual(before.rows)
  })

  const AGAIN: readonly (readonly [path: string, who: Who, form: Record<string, string>, shown: string[]])[] = [
    [
      'accounts/new',
      'admin',
      { account: `C 3${SHORT}`, apiKey: 'the "secret"', mode: 'static', rate: 'fast', partnerId: 'p', why: 'why' },
      ['account', 'rate', 'partnerId', 'why'],
    ],
    ['accounts/nobody/pause', 'admin', { why: SHORT }, ['why']],
    ['partners/new', 'admin', { name: '\u0007', why: SHORT }, ['name', 'why']],
    ['partners/:id/new-key', 'admin', { expiresAt: '2020-01-01T08:00', zone: 'UTC', why: 'x' }, ['expiresAt', 'why']],
    ['deliveries/resend', 'one', { since: 'soon', until: '', zone: 'UTC' }, ['since', 'until']],
    ['contact', 'one', { url: 'https://open.feishu.cn/', secret: 'x' }, ['url', 'secret']],
  ]
  test.each(AGAIN)('that are refused are shown again, with what was typed: %s', async (route, who, form, shown) => {
    const world = await openWorld()
    const answer = await world.post(route.replace(':id', world.partner), form, world.cookies[who])
    const again = (await answer.text()).match(/<form method="post" class="fields">.*<\/form>/s)?.[0] ?? ''
    const inputs = [...again.matchAll(/<input ([^>]*)>/g)].map(([, attributes = '']) => attributes)
    const escaped = (text = '') =>
      text.replace(/[&<>"']/g, one => `&${{ '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": '#39' }[one]};`)
    for (const [name, value] of Object.entries(form)) {
      if (name === 'mode') {
        expect(again).toMatch(new RegExp(`<select name="mode">.*<option value="${value}" selected>`, 's'))
        continue
      }
      const input = inputs.find(one => one.includes(`name="${name}"`))
      expect(input).toContain(`value="${['apiKey', 'secret'].includes(name) ? '' : escaped(value)}"`)
      expect([name, !input?.includes('type="hidden"')]).toEqual([name, shown.includes(name) || name === 'apiKey'])
    }
    expect(again).not.toContain('the &quot;secret')
    expect(inputs).toHaveLength(Object.keys(form).filter(name => name !== 'mode').length)
  })

  test('that the API forbids are not offered again', async () => {
    const { post, cookies } = await openWorld()
    const answer = await post('partners/new', { name: 'Acme', why: 'x' }, cookies.operate)
    expect(answer.status).toBe(403)
    expect(await answer.text()).not.toContain('name="name"')
  })

  test('of another site, and of who guesses too often, are refused by a page in the language of the reader', async () => {
    const { api, post } = await openConsole()
    const foreign = await api.app.request('http://notifier.example/console/sign-out?lang=zh', {
      method: 'POST',
      headers: { host: 'notifier.example', origin: 'https://elsewhere.example' },
    })
    expect([foreign.status, foreign.headers.get('content-type')]).toEqual([403, 'text/html; charset=UTF-8'])
    expect(await foreign.text()).toContain('该表单来自其他网站')

    const guess = () => post('sign-in', { token: 'ifn_wrong' }, 'idface_lang=zh')
    let answer = await guess()
    for (let n = 0; n < 200 && answer.status === 401; n++) answer = await guess()
    expect([answer.status, answer.headers.get('content-type')]).toEqual([429, 'text/html; charset=UTF-8'])
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(answer.headers.get('content-language')).toBe('zh')
    const page = await answer.text()
    expect(page).toContain('<html lang="zh-CN">')
    expect(page).toContain('请求过于频繁')
  })

  test('that guess are counted by the network that they come from, and a right token never', async () => {
    const { api } = await openConsole()
    const signIn = async (token: string, remoteAddress: string) => {
      const headers = { host: 'notifier.example', origin: 'http://notifier.example' }
      const init = { method: 'POST', headers, body: new URLSearchParams({ token }) }
      const from = { incoming: { socket: { remoteAddress } } }
      return (await api.app.request('http://notifier.example/console/sign-in', init, from)).status
    }
    for (let n = 0; n < 50; n++) expect(await signIn('ifn_wrong', '192.0.2.7')).toBe(401)
    expect(await signIn('not a token 令牌', '192.0.2.7')).toBe(401)
    expect(await signIn('ifn_wrong', '192.0.2.7')).toBe(429)
    expect(await signIn('ifn_wrong', '198.51.100.7')).toBe(401)
    expect(await signIn(ADMIN_TOKEN, '192.0.2.7')).toBe(303)
  })
})

interface PageCase {
  /** The least role that sees it; left out: it is no page of operators. */
  operator?: Role
  partner?: true
  id?: Id
  query?: (world: World) => string
  /** It leads to another one. */
  leads?: true
  /** It is a file, and no page. */
  file?: true
  /** It is about something of partner one. */
  isOfOne?: true
}
const PAGES: Readonly<Record<string, PageCase>> = {
  // What a form answers has the address of the form: from there it leads to the page above.
  ...Object.fromEntries(
    CASES.map(({ route, id }) => [route, { operator: 'read', partner: true, leads: true, ...(id ? { id } : {}) }]),
  ),
  '': { operator: 'read', partner: true },
  registrations: { operator: 'read', partner: true, query: () => '?since=400d' },
  'registrations/export': { operator: 'read', partner: true, file: true },
  'registrations/:id': { operator: 'read', partner: true, id: 'failed', isOfOne: true },
  find: { operator: 'read', partner: true, query: () => `?q=${SERIAL}`, leads: true },
  deliveries: { operator: 'read', partner: true },
  'deliveries/resend/:id': { partner: true, id: 'resend', isOfOne: true },
  hosts: { operator: 'read', partner: true },
  bulk: { operator: 'read' },
  'bulk/new': { operator: 'operate', query: () => '?act=poll&status=pending' },
  'bulk/:id': { operator: 'read', id: 'draft' },
  accounts: { operator: 'read' },
  'accounts/new': { operator: 'admin' },
  'accounts/:id': { operator: 'read', id: 'account' },
  audit: { operator: 'admin' },
  partners: { operator: 'read' },
  'partners/new': { operator: 'admin' },
  'partners/:id': { operator: 'read', id: 'partner' },
  nodes: { operator: 'read' },
  alerts: { operator: 'read' },
  settings: { operator: 'read' },
  tokens: { operator: 'admin' },
  secrets: { partner: true },
  contact: { partner: true },
  keys: { partner: true },
}
/** Who has not signed in sees them too. */
const OPEN_PAGES = ['sign-in', 'enter', 'assets/:name']

const statusFor = ({ operator, partner, leads, isOfOne }: PageCase, who: Who): number => {
  if (who === 'nobody') return 303
  const seen = leads ? 303 : 200
  const role = roleOf(who)
  if (role === null) return partner && !(isOfOne && who === 'two') ? seen : 404
  if (!operator) return 404
  return mayAs(role, operator) ? seen : 403
}

/** What a page lets its reader do: its forms, and the bulk acts that it leads to. */
const formsOf = (page: string, path: string): string[] => {
  const links = [...page.matchAll(/(?:method="post" action|class="button" href)="([^"?][^"]*)"/g)].map(
    ([, to = '']) => {
      const { pathname, searchParams } = new URL(to.replaceAll('&amp;', '&'), `http://notifier.example${BELOW}${path}`)
      const route = pathname.slice(BELOW.length).replace(/\/[a-z]+_\w{26}(?=\/|$)/, '/:id')
      return [route, searchParams.get('act') === 'cancel' ? 'cancel' : ''].join(' ')
    },
  )
  return links.filter(link => WHO_MAY.has(link))
}

describe('pages', () => {
  test('are all among these', async () => {
    expect([...Object.keys(PAGES), ...OPEN_PAGES].sort()).toEqual(await routesOf('GET'))
  })

  test.each(WHO)('answer %s as the API does, and show nobody what is of partner one alone', async who => {
    const world = await openWorld()
    const before = factsOf(world)
    for (const [route, one] of Object.entries(PAGES)) {
      const path = `${pathOf({ route, ...one }, world)}${one.query?.(world) ?? ''}`
      const answer = await world.visit(path, world.cookies[who])
      const text = await answer.text()
      expect([route, answer.status]).toEqual([route, statusFor(one, who)])
      expect((answer.headers.get('location') ?? '').includes('sign-in'), route).toBe(who === 'nobody')
      for (const form of formsOf(text, path))
        expect([route, form, WHO_MAY.get(form)?.has(who)]).toEqual([route, form, true])
      if (answer.status !== 303)
        expect(answer.headers.get('content-type'), route).toMatch(one.file ? /^text\/csv/ : /^text\/html/)
      if (who === 'two' || who === 'nobody')
        for (const mark of [SERIAL, HOOK, 'one.example', world.partner, world.waits, world.failed, world.secret])
          expect(text, route).not.toContain(mark)
    }
    const { rows, acts } = factsOf(world)
    expect(rows).toEqual(before.rows)
    // A preview is refused as the act would be.
    expect(acts.slice(before.acts.length).filter(({ outcome }) => outcome !== 'refused')).toEqual([])
  })
})

const HOSTILE = `${SHORT}${'x'.repeat(10_240)}`

test('hostile names, serials, metadata, reasons and excerpts are text on every page', async () => {
  const opened = await openConsole({
    testCallback: async () => ({
      ...{ at: 0, outcome: 'rejected', httpStatus: 502, durationMs: 7 },
      ...{ error: SHORT, responseExcerpt: HOSTILE, origin: null },
    }),
  })
  const { api, visit, post, cookieOf } = opened
  const store = api.store as { -readonly [Name in keyof typeof api.store]: (typeof api.store)[Name] }
  const { register, settleMessages } = store
  store.register = items =>
    register(items.map((item, at) => ({ ...item, idcardid: `${at}${HOSTILE}`, metadata: { [SHORT]: HOSTILE } })))
  store.settleMessages = settlements =>
    settleMessages(
      settlements.map(one =>
        one.attempt ? { ...one, attempt: { ...one.attempt, error: SHORT, responseExcerpt: HOSTILE } } : one,
      ),
    )
  await store.changePartner(api.partner.id, { name: HOSTILE })
  const { id } = await api.register({ callbackUrl: `https://hostile.example/?q=${encodeURI(SHORT)}` })
  await api.answerWith({
    kind: 'verdict',
    code: 2,
    verdict: { status: 'FAIL', message: HOSTILE, livingScore: null, similarity: SHORT },
  })
  await api.receiveWith(410)
  api.clock.now += SECOND
  await store.recordAct({
    ...{ who: 'command', name: HOSTILE, act: 'partner.change', object: api.partner.id, outcome: 'done' },
    ...{ reason: HOSTILE, changes: JSON.stringify({ name: { before: HOSTILE, after: SHORT } }) },
  })
  const node = { version: SHORT, settings: SHORT, clockAheadMs: null, answers: null, roles: ['api'] as const }
  await store.beatNode({ ...node, id: 'node_1', name: HOSTILE })
  await store.noteAlerts([
    {
      ...{ condition: 'message.exhausted', subject: HOSTILE, at: api.clock.now, adds: 1 },
      details: { partnerId: SHORT, host: SHORT, error: SHORT },
    },
  ])
  const admin = await cookieOf()
  const partner = await cookieOf(api.partner.key)

  const shown: string[] = []
  const look = async (name: string, answer: Response) => {
    const text = await answer.text()
    expect([name, answer.status < 500]).toEqual([name, true])
    // What is escaped has none of these.
    for (const raw of ['<script>', '<img', '"\'>', `'></td>`]) expect(text.includes(raw), `${name}: ${raw}`).toBe(false)
    if (text.includes('&lt;script&gt;alert(1)&lt;/script&gt;')) shown.push(name)
  }
  const hostileQuery = encodeURIComponent(SHORT)
  for (const [who, cookie] of [
    ['admin', admin],
    ['partner', partner],
    ['nobody', ''],
  ] as const) {
    for (const [route, { file }] of Object.entries(PAGES)) {
      if (file) continue
      const of = route.startsWith('partners') ? api.partner.id : route.startsWith('acc') ? api.account.id : id
      const path = route.replace(':id', of)
      await look(`${who} ${route}`, await visit(path, cookie))
      const names = ['serial', 'status', 'host', 'error', 'since', 'who', 'act', 'cursor', 'key', 'to', 'link', 'q']
      const hostile = names.map(name => `${name}=${hostileQuery}`).join('&')
      await look(`${who} ${route}?`, await visit(`${route.replace(':id', hostileQuery)}?${hostile}`, cookie))
    }
    await look(`${who} sign-in`, await visit(`sign-in?to=${hostileQuery}&lang=${hostileQuery}`, cookie))
    await look(`${who} enter`, await visit(`enter?link=${hostileQuery}`, cookie))
    await look(`${who} wrong`, await post('sign-in', { token: HOSTILE, to: SHORT }, cookie))
  }
  await look('partner tests', await post('deliveries/test', { callbackUrl: HOOK }, partner))
  await look('bulk', await visit('bulk/new?act=resend&host=hostile.example', admin))
  for (const one of CASES) {
    const names = Object.keys(
      formOf(one, { partner: '', keyId: '', secret: '', account: '', tokens: { read: {} } } as World),
    )
    const hostile = Object.fromEntries(names.map(name => [name, SHORT]))
    for (const cookie of [admin, partner])
      await look(`form ${one.route}`, await post(one.route.replace(':id', hostileQuery), hostile, cookie))
  }
  expect(shown).toEqual(
    expect.arrayContaining([
      ...['admin registrations', 'admin registrations/:id', 'admin partners', 'admin partners/:id', 'admin audit'],
      ...['admin nodes', 'admin alerts'],
      ...['partner registrations', 'partner registrations/:id', 'partner tests', 'nobody sign-in'],
    ]),
  )
})
