import { expect, test } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import type { Language, Words } from '../../../src/core/language.ts'
import type { NodeRole } from '../../../src/core/node.ts'
import { CATALOGUES } from '../../../src/core/operator-texts/describe.ts'
import { Secret } from '../../../src/core/secret.ts'
import type { TroubleCode } from '../../../src/core/trouble.ts'
import type { Overview } from '../../../src/http/admin/overview.ts'
import { lights } from '../../../src/http/console/now.ts'
import { type LastBackup, NO_BACKUP } from '../../../src/store/backup.ts'
import { unavailableBy } from '../../../src/store/unavailable.ts'
import { ADMIN_TOKEN, DEFAULTS } from '../support/api.ts'
import { openConsole } from './support.ts'

test('tells a partner what it has used of its quotas, and its name as text', async () => {
  const { api, read, cookieOf } = await openConsole()
  await api.admin('PATCH', `/partners/${api.partner.id}`, { name: '<b>Bank', quotas: { pending: 1_500 } })
  await api.register()
  const page = await read('?lang=en', await cookieOf(api.partner.key))
  expect(page).toMatch(/Pending registrations<\/dt><dd>1 \/ 1,500</)
  expect(page).toMatch(/callback hosts<\/dt><dd>1 \/ no limit</)
  expect(page).toContain('&lt;b&gt;Bank')
  expect(page).toMatch(/in 24 hours<\/dt><dd>1 \/ no limit</)
})

test('says on every page, before signing in too, which service it is', async () => {
  const { read, cookieOf } = await openConsole({ server: { consoleLabel: '<b>staging' } })
  for (const cookie of ['', await cookieOf()]) {
    const page = await read(cookie === '' ? 'sign-in' : 'nodes', cookie)
    expect(page).toMatch(/<title>&lt;b&gt;staging · /)
    expect(page).toContain('<strong class="label bad">&lt;b&gt;staging</strong>')
  }
})

test('names a disabled partner whose work waits, and leads to it', async () => {
  const { api, read } = await openConsole()
  const change = async (body: unknown) => api.admin('PATCH', `/partners/${api.partner.id}`, body)
  await api.register()
  const link = `<a href="partners/${api.partner.id}"><bdi>&lt;b&gt;Bank</bdi></a>`
  await change({ name: '<b>Bank' })
  expect(await read('?lang=en')).not.toContain(link)
  await change({ disabled: true })
  expect(await read('?lang=en')).toContain(link)
})

test('leads to the webhooks that are retried before their URL counts as failing', async () => {
  const { api, read } = await openConsole()
  const link = /<a href="deliveries">[^<]*: 1<\/a>/
  await api.register()
  await api.succeed()
  expect(await read('?lang=en')).not.toMatch(link)
  await api.receiveWith(500)
  expect(await read('?lang=en')).toMatch(link)
})

test('names the last backup, in red once it is too old', async () => {
  let backup: LastBackup = NO_BACKUP
  const { api, read } = await openConsole({}, store => ({
    ...store,
    stats: async () => ({ ...(await store.stats()), backup }),
  }))
  const backupOn = async () =>
    /Last backup<\/dt><dd><a class="(\w*)" href="nodes#backups">(never)?/.exec(await read('?lang=en'))
  expect((await backupOn())?.slice(1)).toEqual(['', 'never'])
  const good = { at: api.clock.now, path: '/backup', bytes: 1 }
  backup = { good, failed: null }
  expect((await backupOn())?.slice(1)).toEqual(['', undefined])
  backup = { good: { ...good, at: good.at - 37 * HOUR }, failed: null }
  expect((await backupOn())?.slice(1)).toEqual(['bad', undefined])
})

test('does not call notices OK while nobody is told', async () => {
  for (const url of [null, new Secret('https://hooks.slack.com/services/key')]) {
    const { read, cookieOfRole } = await openConsole({
      config: { ...DEFAULTS, operator: { ...DEFAULTS.operator, url } },
    })
    const page = await read('?lang=en', await cookieOfRole('read'))
    expect(page.includes('class="light unset"')).toBe(url === null)
    expect(/Alerts<span class="hidden">: OK/.test(page)).toBe(url !== null)
  }
})

test('tells a partner, while its serials cannot be asked about, that they wait', async () => {
  const { api, read, cookieOf } = await openConsole()
  const cookie = await cookieOf(api.partner.key)
  await api.register()
  expect(await read('?lang=en', cookie)).not.toContain('Your serials wait')
  await api.answerWith(
    { kind: 'transient', code: null, cause: 'unreachable' },
    { kind: 'unreachable', error: 'unreachable', since: api.clock.now, probes: 1, probeAt: api.clock.now },
  )
  expect(await read('?lang=en', cookie)).toContain('Your serials wait')
})

/** The lights that are not green, by the class of each. */
const lightsOf = (page: string) =>
  Object.fromEntries(
    [...page.matchAll(/class="light (bad|warned)"><span[^>]*><\/span>(\w+)/g)].map(([, state, name]) => [name, state]),
  )

test('each trouble turns a light red, or yellow where it is only a warning, and all lights that depend on it', () => {
  const reader = { language: 'en', session: null, t: (words: Words) => words.en, to: (path: string) => path } as const
  const shown = (code: TroubleCode, nodes: readonly object[] = []) =>
    lightsOf(String(lights(reader, { problems: [{ code }], nodes } as unknown as Overview, true)))
  const codes = (Object.keys(CATALOGUES.en.troubles) as TroubleCode[]).filter(code => code !== 'account_paused_idle')
  const names = new Set(codes.flatMap(code => Object.keys(shown(code))))
  expect(names).toEqual(new Set(['GetResult', 'Webhooks', 'Service', 'Clock', 'Alerts']))
  for (const code of codes) expect([code, Object.keys(shown(code))]).not.toEqual([code, []])
  const nothingGoes = { GetResult: 'bad', Webhooks: 'bad', Service: 'bad' }
  expect(shown('store_failing')).toEqual(nothingGoes)
  expect(shown('no_service')).toEqual({ ...nothingGoes, Alerts: 'bad' })
  expect(shown('callbacks_failing')).toEqual({ Webhooks: 'warned' })
  const node = (roles: readonly NodeRole[], lost = false) => ({ roles: [...roles], lost })
  expect(shown('node_lost', [node(['api', 'deliver']), node(['poll', 'deliver'], true)])).toEqual({
    ...{ GetResult: 'bad', Service: 'bad' },
  })
})

test('said that nothing is wrong while all webhooks to a host failed', async () => {
  const { api, read, visit, cookieOf } = await openConsole()
  const schedule = { scheduleMs: [5 * SECOND, 5 * MINUTE] }
  await api.register()
  await api.succeed()
  await api.receiveWith(500, schedule)
  expect(await read('?lang=en')).toContain('Nothing is wrong.')
  api.clock.now += 10 * SECOND
  await api.receiveWith(500, schedule)
  const page = await read('?lang=en')
  expect(page).not.toContain('Nothing is wrong.')
  expect(lightsOf(page)).toEqual({ Webhooks: 'warned' })
  const links = [...page.matchAll(/<a href="([^"]*)">(?:<bdi>)?([^<]*)/g)].map(([, href = '', text]) => [text, href])
  const { id: partnerId } = api.partner
  expect(links).toEqual(
    expect.arrayContaining([
      ['one', `partners/${partnerId}`],
      ['partner.example', 'deliveries?host=partner.example'],
      ['http_500', `registrations?partner=${partnerId}&amp;host=partner.example&amp;error=http_500`],
      ['1 wait', `registrations?partner=${partnerId}&amp;host=partner.example&amp;delivery=pending`],
    ]),
  )
  for (const [, href = ''] of links.filter(([, href]) => href?.startsWith('registrations?')))
    expect((await visit(href.replaceAll('&amp;', '&'), await cookieOf())).status).toBe(200)
  expect(page.replace(/<[^>]*>/g, '')).not.toContain(partnerId)
})

test('did not say what to do while the database is away, as readiness does; a partner can do nothing', async () => {
  const away = async () => Promise.reject(unavailableBy('ECONNREFUSED', 'connection'))
  const { api, visit, cookieOf } = await openConsole({}, store => ({ ...store, stats: away, statusOf: away }))
  const read = async (key: string, language: Language) => {
    const answer = await visit(`?lang=${language}`, await cookieOf(key))
    expect(answer.status).toBe(503)
    return answer.text()
  }
  for (const language of ['en', 'zh'] as const) {
    const remedy = CATALOGUES[language].databaseRemedies.unreachable.split('"')[0]
    expect(await read(ADMIN_TOKEN, language)).toContain(remedy)
    expect(await read(api.partner.key, language)).not.toContain(remedy)
  }
})

test('lists what has ended below the charts, with names, and what is wrong only above them', async () => {
  const { api, read, cookieOf } = await openConsole()
  const cookie = await cookieOf()
  const { id: partnerId } = api.partner
  const failing = { partnerId, host: 'partner.example', error: 'http_500', since: api.clock.now }
  const note = (details: typeof failing | null) =>
    api.store.noteAlerts([
      { condition: 'callback.failing', subject: `${partnerId} partner.example`, at: api.clock.now, adds: 0, details },
    ])
  const listed = async (language: Language) => {
    const page = await read(`?lang=${language}`, cookie)
    expect(page.indexOf('class="calm"')).toBeLessThan(page.indexOf('class="strip"'))
    return /<ol class="happened">.*<\/ol>/s.exec(page)?.[0] ?? ''
  }
  await note(failing)
  expect(await listed('en')).not.toContain('failing')
  api.clock.now += MINUTE
  await note(null)
  expect(await listed('en')).toContain('callback URL failing: one · partner.example')
  expect(await listed('zh')).toContain('回调地址持续失败：one · partner.example')
})

test('showed nothing at all while only the history could not be read', async () => {
  const away = async () => Promise.reject(unavailableBy('57014', 'timeout'))
  const { api, visit, cookieOf } = await openConsole({}, store => ({
    ...store,
    historyOf: away,
    hostHistoryOf: away,
  }))
  for (const key of [ADMIN_TOKEN, api.partner.key]) {
    const answer = await visit('?lang=en', await cookieOf(key))
    expect(answer.status).toBe(200)
    const page = await answer.text()
    expect(page).toContain('Nothing is wrong.')
    expect(page).toMatch(/<p class="empty">[^<]*database/i)
  }
})
