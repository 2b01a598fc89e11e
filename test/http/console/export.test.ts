import { once } from 'node:events'
import type { Socket } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { SECOND } from '../../../src/core/duration.ts'
import type { FoundRegistration } from '../../../src/store/registrations/filter.ts'
import type { Store } from '../../../src/store/store.ts'
import { openListening } from '../../attack/support/listening.ts'
import { ADMIN_TOKEN } from '../support/api.ts'
import { openConsole } from './support.ts'

const THEIRS = { idcardid: 'theirs', callbackUrl: 'https://other.example/' }

type Search = Store['searchRegistrations']

/** The cells of each line, as RFC 4180 reads them. */
const cellsOf = (text: string): string[][] => {
  expect(text.startsWith('\uFEFF')).toBe(true)
  expect(text.endsWith('"\r\n')).toBe(true)
  const lines = text.slice(1, -2).split('\r\n')
  return lines.map(line =>
    [...line.matchAll(/"((?:[^"]|"")*)"(?:,|$)/g)].map(([, cell = '']) => cell.replaceAll('""', '"')),
  )
}
const rowsOf = (text: string): Record<string, string>[] => {
  const [names = [], ...rows] = cellsOf(text)
  return rows.map(cells => Object.fromEntries(cells.map((cell, i) => [names[i] ?? i, cell])))
}

const found = (id: string, change: Partial<FoundRegistration> = {}): FoundRegistration => ({
  ...{
    id,
    partnerId: 'partner_1',
    accountId: 'acc_1',
    idcardid: '1',
    callbackUrl: 'https://a.example/',
    status: 'pending',
  },
  ...{ reason: null, createdAt: 0, resolvedAt: null, message: null },
  ...change,
})
/** Pages without end, each of as many as are asked for. */
const endless: Search = async ({ limit, before }) => {
  const from = Number(before?.slice(4) ?? 0)
  return {
    found: Array.from({ length: limit }, (_, n) => found(`reg_${from + n + 1}`)),
    next: `reg_${from + limit}`,
    scanned: limit,
  }
}
const withSearch = (searchRegistrations: Search) => (store: Store) => ({ ...store, searchRegistrations })

describe('the export', () => {
  test('has what the list shows to operators and to partners, with a link from there', async () => {
    const { api, read, visit, cookieOf, cookieOfRole } = await openConsole()
    const theirs = await api.registerAndSend(503, THEIRS, api.other.key)
    api.clock.now += SECOND
    const ours = await api.register({ metadata: { order: '42' } })
    const admin = await cookieOf()
    // With `download` a browser would not show why it is refused.
    const [, link = ''] =
      /href="(registrations\/export[^"]*)">/.exec(await read('registrations?host=other.example', admin)) ?? []
    expect(link).toBe('registrations/export?host=other.example')
    const answer = await visit(link, admin)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      ...{ 'content-type': 'text/csv; charset=utf-8', 'cache-control': 'no-store' },
      'content-disposition': 'attachment; filename="registrations.csv"',
    })
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(await answer.arrayBuffer())
    expect(rowsOf(text)).toMatchObject([
      {
        ...{ id: theirs.id, idcardid: 'theirs', status: 'succeeded', reason: '', delivery: 'pending', attempts: '1' },
        ...{ error: 'http_503', partnerName: 'other', host: 'other.example', createdAt: theirs.createdAt },
      },
    ])
    const all = async (cookie: string) => (await read('registrations/export', cookie)).trimEnd()
    expect((await all(admin)).split('\r\n')).toHaveLength(3)
    const own = await all(await cookieOf(api.partner.key))
    expect(own.split('\r\n')).toHaveLength(2)
    expect(own).toContain(ours.id)
    expect(own).not.toMatch(/theirs/)
    expect(rowsOf(`\uFEFF${own}\r\n`)).toMatchObject([
      { id: ours.id, metadata: '{"order":"42"}', verdict: '', similarity: '' },
    ])
    await api.succeed()
    const [row] = rowsOf(`\uFEFF${await all(await cookieOf(api.partner.key))}\r\n`)
    const { result, resolvedAt } = (await api.call('GET', `/v1/registrations/${ours.id}`)).json
    const { status: verdict, message, livingScore, similarity } = result
    expect(row).toMatchObject({ verdict, message, livingScore: livingScore ?? '', similarity, resolvedAt })
    expect(await all(admin)).not.toContain('order')
    const masked = await all(await cookieOfRole('read'))
    expect(masked).toContain('**36')
    expect(masked).not.toMatch(/16236437872836|\/hook/)
  })

  test('is text to who opens it as a table, whatever is in it', async () => {
    const hostile = ['=1+1', '+1', '-1', '@x', '\tx', '\rx', '＝1', '"a",\r\n"b"', '<script>', 'a=1', '-']
    const search: Search = async () => ({
      found: hostile.map((text, n) => found(`reg_${n}`, { idcardid: text })),
      next: null,
      scanned: hostile.length,
    })
    const { visit, cookieOf } = await openConsole({}, withSearch(search))
    const answer = await visit('registrations/export', await cookieOf())
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(await answer.arrayBuffer())
    const cells = [...text.matchAll(/"reg_\d+","((?:[^"]|"")*)"/g)].map(([, cell = '']) => cell.replaceAll('""', '"'))
    expect(cells).toEqual(hostile.map(one => (/^[\w"<]/.test(one) ? one : `'${one}`)))
  })

  test('has 10,000 rows at most, and says so', async () => {
    const { visit, cookieOf } = await openConsole({}, withSearch(endless))
    const answer = await visit('registrations/export?lang=zh', await cookieOf())
    const lines = (await answer.text()).trimEnd().split('\r\n')
    expect(lines).toHaveLength(10_002)
    expect(lines.at(-1)).toContain('可能还有更多')
  })

  test('ends where very much is looked through for little, and says so', async () => {
    let calls = 0
    const search: Search = async () => ({ found: [], next: `reg_${++calls}`, scanned: 0 })
    const { read } = await openConsole({}, withSearch(search))
    const text = await read('registrations/export')
    expect([calls, text.trimEnd().split('\r\n').at(-1)]).toEqual([200, expect.stringContaining('There may be more')])
  })

  test('waits where its calls are too many for now', async () => {
    const waits: number[] = []
    const { api, read } = await openConsole(
      {
        server: { apiRate: 5 },
        sleep: async ms => {
          waits.push(ms)
          // The clock of who waits may run fast.
          api.clock.now += ms / 2
        },
      },
      withSearch(async query => (query.before === 'reg_5000' ? { found: [], next: null, scanned: 0 } : endless(query))),
    )
    const text = await read('registrations/export')
    expect(text.trimEnd().split('\r\n')).toHaveLength(5_001)
    expect(waits.length).toBeGreaterThan(0)
  })

  test.each(['en', 'zh'])('ends where it is refused ten times in a row, and says so: %s', async lang => {
    let waits = 0
    const { visit, cookieOf } = await openConsole(
      {
        server: { apiRate: 5 },
        sleep: async () => {
          if (++waits === 20) throw new Error('it goes on')
        },
      },
      withSearch(endless),
    )
    const answer = await visit(`registrations/export?lang=${lang}`, await cookieOf())
    const lines = (await answer.text()).trimEnd().split('\r\n')
    expect(waits).toBe(9)
    expect(lines.at(-1)).toContain(lang === 'en' ? 'ten requests in a row' : '连续 10 次被拒绝')
  })

  test('is a page where the API refuses it', async () => {
    const { visit, cookieOf } = await openConsole()
    const answer = await visit('registrations/export?status=x', await cookieOf())
    expect([answer.status, answer.headers.get('content-type')]).toEqual([400, 'text/html; charset=UTF-8'])
    expect(answer.headers.get('content-disposition')).toBeNull()
  })
})

describe('on a real connection', () => {
  const open: AsyncDisposable[] = []
  const signIn = async (url: string) => {
    const form = { method: 'POST', headers: { origin: url }, body: new URLSearchParams({ token: ADMIN_TOKEN }) }
    const answer = await fetch(`${url}/console/sign-in`, { ...form, redirect: 'manual' })
    return answer.headers.get('set-cookie')?.split(';')[0] ?? ''
  }
  afterEach(async () => {
    for (const one of open.splice(0)) await one[Symbol.asyncDispose]()
  })

  test('an export that fails on its way breaks off, so that nobody takes it for whole', async () => {
    const api = await openListening()
    open.push(api)
    const store = api.store as { -readonly [Name in keyof Store]: Store[Name] }
    store.searchRegistrations = async query => {
      if (query.before === 'reg_500') throw new Error('the disk is gone')
      return endless(query)
    }
    const cookie = await signIn(api.url)
    const answer = await fetch(`${api.url}/console/registrations/export`, { headers: { cookie } })
    expect(answer.status).toBe(200)
    await expect(answer.text()).rejects.toThrow()
  })

  test.each(['GET', 'HEAD'])('a key has two exports at once, which end with their connections: %s', async method => {
    const api = await openListening()
    open.push(api)
    const store = api.store as { -readonly [Name in keyof Store]: Store[Name] }
    const held = Promise.withResolvers<void>()
    let searches = 0
    store.searchRegistrations = async () => {
      if (++searches <= 2) await held.promise
      return { found: [], next: null, scanned: 0 }
    }
    const eventually = (expectation: () => unknown) => vi.waitFor(expectation, { timeout: 30_000 })
    const [cookie, again] = [await signIn(api.url), await signIn(api.url)]
    const ask = (of: string, signal?: AbortSignal) =>
      fetch(`${api.url}/console/registrations/export`, { method, headers: { cookie: of }, signal: signal ?? null })
    const leaves = new AbortController()
    const [left, stays] = [ask(cookie, leaves.signal), ask(again)]
    await eventually(() => expect(searches).toBe(2))
    const third = await ask(again)
    expect([third.status, third.headers.get('retry-after')]).toEqual([429, '2'])
    if (method === 'GET') expect(await third.text()).toContain('Two exports')
    leaves.abort()
    await expect(left).rejects.toThrow()
    const answered = async () => {
      const answer = await ask(cookie)
      await answer.text()
      expect(answer.status).toBe(200)
    }
    await eventually(answered)
    held.resolve()
    await (await stays).text()
    // Those that have been answered have ended too.
    for (let n = 0; n < 3; n++) await eventually(answered)
  })

  test('who goes away ends the export', async () => {
    const api = await openListening()
    open.push(api)
    const store = api.store as { -readonly [Name in keyof Store]: Store[Name] }
    const leaves = new AbortController()
    const ended = Promise.withResolvers<void>()
    let calls = 0
    store.searchRegistrations = async query => {
      if (++calls === 3) {
        const closed = once(api.handled.at(-1) as Socket, 'close')
        leaves.abort()
        await closed
        setImmediate(ended.resolve)
      }
      return endless(query)
    }
    const headers = { cookie: await signIn(api.url) }
    const answer = fetch(`${api.url}/console/registrations/export`, { headers, signal: leaves.signal })
    await expect(answer.then(one => one.text())).rejects.toThrow()
    await ended.promise
    expect(calls).toBe(3)
  })
})
