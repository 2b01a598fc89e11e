import { expect, test } from 'vitest'
import { createUrlJudge } from '../../src/callback/url-judge.ts'
import { createNetworks } from '../../src/core/address.ts'

const networks = createNetworks([])
if (!networks.ok) throw new Error(networks.message)
const judge = createUrlJudge({ allowHttp: false, allowed: networks.networks })

test('gives the same verdict again for what was good', () => {
  const verdict = judge('https://Partner.example/hook')
  expect(verdict).toMatchObject({ ok: true, url: { href: 'https://partner.example/hook' } })
  expect(judge('https://Partner.example/hook')).toBe(verdict)
})

test('judges each text for itself', () => {
  expect(judge('https://partner.example/a')).not.toBe(judge('https://partner.example/b'))
  for (const text of ['http://partner.example/hook', 'https://127.0.0.1/', 'https://localhost/', 7, null])
    for (let again = 0; again < 2; again++) expect(judge(text)).toMatchObject({ ok: false })
})

test('remembers the latest few thousand, not every URL that anybody ever named', () => {
  const first = judge('https://partner.example/0')
  for (let n = 1; n <= 2_000; n++) judge(`https://partner.example/${n}`)
  expect(judge('https://partner.example/0')).toEqual(first)
  expect(judge('https://partner.example/0')).not.toBe(first)
})
