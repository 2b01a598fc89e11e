import { describe, expect, test } from 'vitest'
import { MINUTE } from '../../../src/core/duration.ts'
import { openConsole } from './support.ts'

const open = async () => {
  const console = await openConsole()
  const { api } = console
  const rename = (name: string, reason: string) => api.admin('PATCH', `/partners/${api.partner.id}`, { name, reason })
  return { ...console, rename }
}

describe('the audit', () => {
  test('says who did what to what, why, from what to what, and how it ended', async () => {
    const { api, read, rename } = await open()
    expect(await read('audit?lang=en')).toContain('There are no acts yet.')
    await rename('Acme', '<script>alert(1)</script> & "so"')
    await rename('<img src=x>', 'a')
    await api.store.recordAct({
      ...{ who: 'command', name: 'me', act: 'account.pause', object: 'acc_1', reason: null },
      ...{ changes: null, outcome: 'done' },
    })
    const page = await read('audit')
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;so&quot;')
    expect(page).toContain('name: <bdi>one</bdi> → <bdi>Acme</bdi>')
    expect(page).toContain('<bdi>&lt;img src=x&gt;</bdi>')
    expect(page).toContain(
      `href="partners/${api.partner.id}"><bdi class="name" title="${api.partner.id}">&lt;img src=x&gt;</bdi>`,
    )
    for (const path of [`partners/${api.partner.id}`, 'accounts/acc_1']) expect(page).toContain(`href="${path}"`)
    expect(page).toContain('partner.change</bdi></a>')
    expect(page).toContain('>done<')
  })

  test('is filtered by what the URL says, and goes on by pages', async () => {
    const { api, read, rename } = await open()
    for (let n = 0; n < 51; n++) await rename(`Acme ${n}`, `reason ${n}.`)
    await api.admin('POST', `/accounts/${api.account.id}/pause`)
    const path = 'audit?act=partner.change&who=ADMIN_TOKEN'
    const first = await read(path)
    expect(first).toContain('reason 50.')
    expect(first).not.toContain(api.account.id)
    expect(first).not.toContain('reason 0.')
    expect(first).toContain('value="partner.change"')
    const next = first.match(/rel="next" href="(\?[^"]*)"/)?.[1]?.replaceAll('&amp;', '&') ?? ''
    expect(next).toContain('act=partner.change')
    expect(await read(`audit${next}`)).toContain('reason 0.')
    const later = encodeURIComponent(new Date(api.clock.now + 1_000).toISOString())
    expect(await read(`audit?since=${later}&lang=en`)).toContain('No act matches the filter')
    expect(await read('audit?who=%3Cscript%3E')).not.toContain('<script>')
  })

  test('is asked for since a time in the zone of the reader, which means the same in the other language', async () => {
    const { api, read, rename } = await open()
    await rename('before', 'a')
    api.clock.now += 60 * MINUTE
    await rename('after', 'b')
    const at = new Date(api.clock.now + 8 * 60 * MINUTE - MINUTE).toISOString().slice(0, 16)
    const page = await read(`audit?since=${at}&zone=Asia/Shanghai&lang=zh`)
    expect(page).toContain('<bdi>after</bdi>')
    expect(page).not.toContain('<bdi>one</bdi>')
    expect(page).toContain(`name="since" value="${at}"`)
    expect(await read(`audit?since=${at}&zone=Asia/Shanghai&lang=en`)).not.toContain('<bdi>one</bdi>')
  })

  test('is filtered by the names that it shows: of a token, of the user of a command', async () => {
    const { api, read } = await open()
    const token = await api.addToken('admin')
    await api.admin('PATCH', `/partners/${api.partner.id}`, { name: 'by a token' }, token.text)
    await api.store.recordAct({
      ...{ who: 'command', name: 'root', act: 'account.pause', object: 'acc_1', reason: null },
      ...{ changes: null, outcome: 'done' },
    })
    for (const [who, shown, hidden] of [
      ['root', 'acc_1', 'by a token'],
      ['值班', 'by a token', 'acc_1'],
      [token.id, 'by a token', 'acc_1'],
    ] as const) {
      const page = await read(`audit?who=${encodeURIComponent(who)}`)
      expect(page).toContain(shown)
      expect(page).not.toContain(hidden)
    }
  })
})
