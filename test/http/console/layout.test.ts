import { expect, test } from 'vitest'
import { MINUTE, SECOND } from '../../../src/core/duration.ts'
import { openConsole } from './support.ts'

/** The counts of the navigation, by the page's path. */
const countsOf = (page: string) =>
  Object.fromEntries(
    [...page.matchAll(/<li><a href="([^"]*)"[^>]*>[^<]* <span class="count"[^>]*>(\d+)</g)].map(one => one.slice(1)),
  )

test('the navigation has counts of what a page has read, for a minute, and never of a call of its own', async () => {
  const { api, read } = await openConsole()
  await api.registerAndSend(503)
  await api.store.pauseAccount(api.account.id)
  expect(countsOf(await read('audit'))).toEqual({})
  // Nothing waits for the account.
  const idle = await read('?lang=en')
  expect(countsOf(idle)).toEqual({ deliveries: '1' })
  expect(idle).toMatch(/<li class="note"><p class="bad">An operator paused account/)
  await api.register({ idcardid: '2' })
  const counts = { './': '1', deliveries: '1', accounts: '1' }
  const overview = await read('?lang=en')
  expect(countsOf(overview)).toEqual(counts)
  expect(overview).toContain('1<span class="hidden"> problem</span>')
  expect(countsOf(await read('audit'))).toEqual(counts)
  api.clock.now += MINUTE
  expect(countsOf(await read('audit'))).toEqual({})
})

test('a partner has counts of its own only', async () => {
  const { api, cookieOf, read } = await openConsole()
  await api.registerAndSend(503)
  await read('')
  const [mine, other] = [await cookieOf(api.partner.key), await cookieOf(api.other.key)]
  expect(countsOf(await read('deliveries', mine))).toEqual({ deliveries: '1' })
  for (const [path, cookie] of [
    ['registrations', mine],
    ['deliveries', other],
  ] as const)
    expect(countsOf(await read(path, cookie))).toEqual({})
})

test('a list that is there as a whole is sorted by its heads, and says by which', async () => {
  const { api, read } = await openConsole()
  for (const account of ['B2', 'a1', 'C3'])
    await api.admin('POST', '/accounts', { account, apiKey: 'k', rate: account.charCodeAt(1) })
  const sortedBy = async (sort: string) => {
    const page = await read(`accounts?sort=${sort}`)
    const names = [...page.matchAll(/<td data-name="APIID"><a [^>]*>(\w+)</g)].map(([, name]) => name)
    return [names, /<th scope="col"[^>]* aria-sort="(\w+)"><a href="([^"]*)"/.exec(page)?.slice(1)]
  }
  const byName = ['a1', 'B2', 'C12345678', 'C3']
  expect(await sortedBy('0')).toEqual([byName, ['ascending', '?sort=-0']])
  expect(await sortedBy('-0')).toEqual([byName.toReversed(), ['descending', '?sort=0']])
  for (const odd of ['', '99', 'x', '-', '1e9', '%3Cb%3E']) expect((await sortedBy(odd))[0]).toHaveLength(4)
})

test('a list of more than a page leads on and back page by page, says where it ends, and is not sorted', async () => {
  const { api, read } = await openConsole()
  for (let n = 0; n < 100; n++) {
    api.clock.now += SECOND
    await api.admin('POST', '/accounts', { account: `A${n}`, apiKey: 'k' })
  }
  const linkOf = (page: string, rel: 'next' | 'prev') => {
    const [, links = ''] = /<p class="pages">(.*?)<\/p>/s.exec(page) ?? []
    return new RegExp(`rel="${rel}" href="([^"]*)"`).exec(links)?.[1]?.replaceAll('&amp;', '&')
  }
  const pages = ['accounts?lang=en']
  for (const path of pages) {
    const page = await read(path)
    const next = linkOf(page, 'next')
    if (next) pages.push(`accounts${next}`)
    else expect(page).toContain('End of the list')
    expect(linkOf(page, 'prev')).toBe(pages[pages.indexOf(path) - 1]?.replace('accounts', ''))
    expect(page).not.toContain('?sort=')
  }
  expect(pages).toHaveLength(3)
})
