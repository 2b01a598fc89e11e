import { describe, expect, test, vi } from 'vitest'
import { HOUR, SECOND } from '../../../src/core/duration.ts'
import { openConsole } from './support.ts'

const THEIRS = { idcardid: 'theirs', callbackUrl: 'https://other.example:8443/x' }
const HOSTILE = '<script>alert(1)</script>\u202e"\''

/** Two of one partner, and one of another that has failed. */
const populate = async () => {
  const opened = await openConsole()
  const { api, cookieOf, visit, read } = opened
  const theirs = await api.registerAndGiveUp(503, THEIRS, api.other.key)
  api.clock.now += SECOND
  const first = await api.register({ idcardid: '16236437872836' })
  api.clock.now += HOUR
  const second = await api.register({ idcardid: '26236437872836' })
  const [operator, partner] = [await cookieOf(), await cookieOf(api.partner.key)]
  /** The ids of a page, in its order. */
  const idsOf = async (path: string, cookie?: string) =>
    [...(await read(path, cookie)).matchAll(/href="registrations\/(reg_\w+)"/g)].map(([, id]) => id)
  const whereTo = async (path: string, cookie = operator): Promise<string | null> => {
    const location = (await visit(path, cookie)).headers.get('location')
    return location?.includes('open=only') ? ((await whereTo(location, cookie)) ?? location) : location
  }
  return {
    ...{ ...opened, operator, partner, idsOf, whereTo },
    ...{ theirs: theirs.id as string, first: first.id as string, second: second.id as string },
  }
}

describe('the list', () => {
  test('shows operators the registrations of all partners, newest first, and what is searched for', async () => {
    const { idsOf, theirs, first, second, api } = await populate()
    expect(await idsOf('registrations')).toEqual([second, first, theirs])
    for (const [query, ids] of Object.entries({
      [`partner=${api.other.id}`]: [theirs],
      'serial=16236437872836': [first],
      'status=pending&since=30m': [second],
      'delivery=exhausted&host=other.example:8443&error=http_503': [theirs],
      'reason=expired': [],
      'status=&serial=&lang=zh': [second, first, theirs],
    }))
      expect([query, await idsOf(`registrations?${query}`)]).toEqual([query, ids])
  })

  test('shows partners the metadata that was searched for, or of the first key', async () => {
    const { api, read, partner, operator } = await populate()
    await api.register({ idcardid: '3', metadata: { order: 'NO3', [HOSTILE]: HOSTILE } })
    await api.register({ idcardid: '4', metadata: { note: 'x', order: 'NO4' } })
    const columnOf = async (query: string, cookie = partner) => {
      const page = await read(`registrations${query}`, cookie)
      expect(page).not.toContain('<script>alert')
      const cells = [...page.matchAll(/<bdi class="name" title="([^"]*)">/g)].map(([, value]) => value)
      return [/<thead>.*?<th.*?<th scope="col">([^<]*)/.exec(page)?.[1], ...cells]
    }
    expect(await columnOf('')).toEqual(['note', 'x', '–', '–', '–'])
    expect(await columnOf('?metadata=order%3DNO3')).toEqual(['order', 'NO3'])
    expect(await columnOf('?metadata=NO4')).toEqual(['order', 'NO4'])
    expect((await columnOf(`?metadata=${encodeURIComponent(`${HOSTILE}=${HOSTILE}`)}`))[0]).toContain('&lt;script&gt;')
    expect((await columnOf('', operator))[0]).toBe('Status')
    expect((await columnOf('?serial=16236437872836'))[0]).toBe('Status')
  })

  test('names the partner of each to operators, as text', async () => {
    const { api, read } = await populate()
    await api.store.changePartner(api.other.id, { name: HOSTILE })
    const page = await read(`registrations?partner=${api.other.id}`)
    expect(page).toContain(`<a href="partners/${api.other.id}" title="&lt;script&gt;`)
    expect(page).toContain('<bdi class="name">&lt;script&gt;alert(1)')
    expect(page).not.toContain('<script>alert')
    expect(await read('registrations?serial=16236437872836')).toContain('<bdi class="name">one</bdi>')
  })

  test('takes the name of a partner, and shows its id, which export and bulk acts take', async () => {
    const { api, read } = await populate()
    expect(await read('registrations?partner=other')).toContain(`name="partner" value="${api.other.id}"`)
    expect(await read('registrations?partner=nobody&lang=en')).toContain(
      '<li data-field="partner"><strong>Partner</strong>',
    )
  })

  test('shows partners their own only', async () => {
    const { idsOf, partner, first, second, api, cookieOf, theirs } = await populate()
    expect(await idsOf('registrations', partner)).toEqual([second, first])
    expect(await idsOf('registrations?serial=16236437872836', partner)).toEqual([first])
    expect(await idsOf('registrations?serial=theirs', partner)).toEqual([])
    expect(await idsOf('registrations', await cookieOf(api.other.key))).toEqual([theirs])
  })

  test('leads on, with what is searched for', async () => {
    const { api, idsOf, read } = await populate()
    for (let n = 0; n < 50; n++) {
      api.clock.now += SECOND
      await api.register({ idcardid: `more_${n}` })
    }
    const [, next] = /rel="next" href="([^"]+)"/.exec(await read('registrations?status=pending')) ?? []
    expect(next).toContain('status=pending')
    expect(await idsOf(`registrations${next?.replaceAll('&amp;', '&')}`)).toHaveLength(2)
  })

  test('keeps what was searched for, as text', async () => {
    const { read, visit, operator } = await populate()
    const page = await read('registrations?status=pending&serial=1')
    expect(page).toContain('<option value="pending" selected>')
    expect(page).toContain('name="serial" value="1"')
    expect(page).toContain('No registration matches')
    const wrong = await visit(`registrations?serial=${encodeURIComponent(HOSTILE)}`, operator)
    const again = await wrong.text()
    expect([wrong.status, again.includes('<script>alert')]).toEqual([400, false])
    expect(again).toContain('name="serial" value="&lt;script')
  })

  test('takes a time without an offset as one of the reader’s zone', async () => {
    const { api, idsOf, second, whereTo } = await populate()
    const created = (await api.call('GET', `/v1/registrations/${second}`)).json.createdAt
    const beijing = new Date(Date.parse(created) + 8 * HOUR).toISOString().slice(0, 19)
    expect(await idsOf(`registrations?lang=zh&since=${beijing}`)).toEqual([second])
    expect(await idsOf(`registrations?lang=zh&since=${beijing.replace('T', '%20')}`)).toEqual([second])
    expect(await idsOf(`registrations?lang=en&since=${created.slice(0, 19)}`)).toEqual([second])
    expect(await idsOf(`registrations?lang=en&since=${beijing}&zone=Asia/Shanghai`)).toEqual([second])
    expect(await idsOf(`registrations?lang=zh&since=${beijing.slice(11, 16)}`)).toEqual([second])
    expect(await whereTo(`find?lang=zh&q=status:pending%20since:${beijing}`)).toBe(`registrations/${second}`)
  })

  test('takes a date alone as that day in the zone of the page, and leads to today and yesterday', async () => {
    const { api, idsOf, read, first, second, partner } = await populate()
    // 16:20 UTC, so it is after midnight in Beijing.
    const all = (await idsOf('registrations')).length
    expect(await idsOf('registrations?lang=zh&since=2026-11-25&until=2026-11-25')).toHaveLength(all)
    expect(await idsOf('registrations?lang=zh&until=2026-11-24')).toEqual([])
    expect(await idsOf('registrations?lang=en&until=2026-11-24')).toHaveLength(all)
    api.clock.now += 7.75 * HOUR
    const yesterday = await read('registrations?day=yesterday&since=2h', partner)
    expect(yesterday).toContain('name="since" value="2026-11-24"')
    expect(yesterday).toContain('name="until" value="2026-11-24"')
    expect(await idsOf('registrations?day=today&zone=Asia/Tokyo', partner)).toEqual([second, first])
    expect(await idsOf('registrations?day=today', partner)).toEqual([])
  })

  test('masks serials for the role read', async () => {
    const { cookieOfRole, read } = await populate()
    const page = await read('registrations', await cookieOfRole('read'))
    expect(page).toContain('**36')
    expect(page).not.toContain('16236437872836')
  })
})

describe('finding', () => {
  test('leads to the one that is meant', async () => {
    const { whereTo, first, second, theirs, partner } = await populate()
    for (const [q, id] of [
      [first, first],
      [` id:${first} `, first],
      [first.replace('reg_', 'msg_'), first],
      ['16236437872836', first],
      ['serial:theirs', theirs],
      ['HOST:other.example:8443', theirs],
      ['status：pending since:30m', second],
      ['error:"http_503"', theirs],
    ] as const)
      expect([q, await whereTo(`find?q=${encodeURIComponent(q)}`)]).toEqual([q, `registrations/${id}`])
    expect(await whereTo('find?q=16236437872836', partner)).toBe(`registrations/${first}`)
  })

  test('leads to the list where there are many, or none', async () => {
    const { whereTo, partner } = await populate()
    expect(await whereTo('find?q=status:pending%20since:2h')).toBe('registrations?status=pending&since=2h&zone=UTC')
    expect(await whereTo('find?q=nothing')).toBe('registrations?serial=nothing')
    expect(await whereTo('find?q=theirs', partner)).toBe('registrations?metadata=theirs&open=only')
    for (const nothing of ['find', 'find?q=', 'find?q=%20']) expect(await whereTo(nothing)).toBe('registrations')
  })

  test('leads operators to partners, by id and by name, and to accounts', async () => {
    const { api, whereTo, partner, first } = await populate()
    await api.store.changePartner(api.other.id, { name: '沙丘 Dune Bank' })
    const account = (await api.admin('GET', '/accounts')).json.data[0]
    for (const [q, path] of [
      [api.other.id, `partners/${api.other.id}`],
      ['dune bank', `partners/${api.other.id}`],
      ['沙丘', `partners/${api.other.id}`],
      ['Dune', `partners/${api.other.id}`],
      ['n', 'partners'],
      ['partner:dune status:pending', `registrations?partner=${api.other.id}&status=pending`],
      [account.account, `accounts/${account.id}`],
      [`acc_${first.slice(4)}`, `accounts/acc_${first.slice(4)}`],
      ['16236437872836', `registrations/${first}`],
    ] as const)
      expect([q, await whereTo(`find?q=${encodeURIComponent(q)}`)]).toEqual([q, path])
    expect(await whereTo('find?q=dune', partner)).toBe('registrations?metadata=dune&open=only')
  })

  test('leads partners to what they name, by metadata, host and time', async () => {
    const { api, whereTo, idsOf, read, partner, first, second } = await populate()
    const order = await api.register({ idcardid: 'with', metadata: { orderNo: 'A 42=1' } })
    const named = ['metadata.orderNo:"A 42=1"', 'since：30m metadata.orderNo："A 42=1"', 'orderNo="A 42=1"']
    for (const q of [...named, 'since=30m metadata.orderNo="A 42=1"', 'serial:with'])
      expect([q, await whereTo(`find?q=${encodeURIComponent(q)}`, partner)]).toEqual([q, `registrations/${order.id}`])
    expect(await whereTo('find?q=host:partner.example%20until:30m', partner)).toBe(`registrations/${first}`)
    expect(await whereTo('find?q=metadata.orderNo:A%20since:2h', partner)).toBe(
      'registrations?metadata=orderNo%3DA&since=2h&zone=UTC&open=only',
    )
    expect(await idsOf('registrations?metadata=orderNo%3DA+42%3D1', partner)).toEqual([order.id])
    expect(await idsOf('registrations?since=30m', partner)).toEqual([order.id, second])
    expect(await idsOf('registrations?metadata=metadata.orderNo%3DA+42%3D1', partner)).toEqual([order.id])
    expect(await read('registrations?metadata=orderNo%3DA+42%3D1', partner)).toContain(
      'name="metadata" value="orderNo=A 42=1"',
    )
  })

  test('leads partners by an order number alone, and by any key of their own', async () => {
    const { api, whereTo, idsOf, read, operator, partner } = await populate()
    const order = await api.register({ idcardid: 'with', metadata: { orderNo: 'NO20261003', 姓名: '张三' } })
    await api.register({ idcardid: 'twice', metadata: { shop: '7' } })
    await api.register({ idcardid: 'NO7', metadata: { shop: '7' } })
    for (const q of [
      'NO20261003',
      '张三',
      '"张三"',
      'orderNo:NO20261003',
      'orderNo：NO20261003',
      '姓名：张三',
      '姓名=张三',
    ])
      expect([q, await whereTo(`find?q=${encodeURIComponent(q)}`, partner)]).toEqual([q, `registrations/${order.id}`])
    expect(await whereTo('find?q=7', partner)).toBe('registrations?metadata=7&open=only')
    expect(await idsOf('registrations?metadata=7', partner)).toHaveLength(2)
    expect(await whereTo(`find?q=${encodeURIComponent('李四')}`, partner)).toBe(
      `registrations?metadata=${encodeURIComponent('李四')}&open=only`,
    )
    expect(await read(`registrations?metadata=${encodeURIComponent('李四')}`, partner)).toContain(
      'No registration matches',
    )
    expect(await read(`find?lang=zh&q=${encodeURIComponent('张三')}`, operator)).toContain('没有找到')
  })

  test('tells each only words that are taken', async () => {
    const { read, whereTo, operator, partner } = await populate()
    for (const cookie of [operator, partner]) {
      const [, label = ''] =
        /role="search"[^>]*><label><span class="hidden">([^<]*)/.exec(await read('?lang=en', cookie)) ?? []
      const words = label.match(/[\w.]+[:=]\S+/g) ?? []
      expect(words).toHaveLength(2)
      expect(await whereTo(`find?q=${encodeURIComponent(words.join(' '))}`, cookie)).toMatch(/^registrations/)
      expect(await read('find?q=two%20serials', cookie)).toContain(words.join(' '))
    }
  })

  test('says where it has stopped', async () => {
    const { api, read, operator, partner } = await populate()
    const lookedBackTo = api.clock.now
    const stopped = { found: [], next: 'reg_1', scanned: 5_000, lookedBackTo }
    vi.spyOn(api.store, 'listRegistrations').mockResolvedValue(stopped)
    vi.spyOn(api.store, 'searchRegistrations').mockResolvedValue(stopped)
    for (const cookie of [operator, partner]) {
      const page = await read('registrations?host=nobody.example', cookie)
      expect(page).toContain(`<time datetime="${new Date(lookedBackTo).toISOString()}"`)
      expect(page).toContain('rel="next"')
    }
  })

  test('says what is wrong with a time by the label of its field, as the field takes it', async () => {
    const { read, partner } = await populate()
    const told = async (lang: string) =>
      /<li data-field="since">(.*?)<\/li>/.exec(await read(`registrations?since=yesterday&lang=${lang}`, partner))?.[1]
    expect(await told('en')).toBe(
      '<strong>Since</strong> must be a time, such as 2026-11-24 08:00, a day, such as 2026-11-24, or a duration before now, such as 2h',
    )
    expect(await told('zh')).toBe(
      '<strong>起始时间</strong> 必须是时间，例如 2026-11-24 08:00，或日期，例如 2026-11-24，或距现在多久，例如 2h',
    )
  })

  test('says what is wrong with a search', async () => {
    const { visit, operator, partner } = await populate()
    for (const [q, cookie] of [
      [`${HOSTILE} x`, operator],
      [`${'x'.repeat(10_000)} x`, operator],
      ['since:yesterday', operator],
      ['16236437872836 26236437872836', operator],
      ['16236437872836 26236437872836', partner],
      ['since:yesterday', partner],
      ['metadata.order:42 metadata.shop:7', partner],
    ] as const) {
      const answer = await visit(`find?q=${encodeURIComponent(q)}`, cookie)
      expect([q, answer.status, (await answer.text()).includes('<script>alert')]).toEqual([q, 400, false])
    }
  })
})
