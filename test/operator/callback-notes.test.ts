import { expect, test } from 'vitest'
import { DAY } from '../../src/core/duration.ts'
import { noteOfTurn } from '../../src/operator/callback-notes.ts'
import { WORDS } from '../../src/operator/words.ts'
import type { TurnedCallback } from '../../src/store/store.ts'
import { AT, PAUSED } from './support.ts'

const turned = (turn: TurnedCallback['turn']): TurnedCallback => ({
  ...{ partnerId: 'partner_1', callbackUrl: 'https://a.example:8443/hook?order=1', turn },
  ...{ failingSince: AT - 5 * DAY, lastError: 'http_503' },
})
const note = (turn: TurnedCallback['turn']) => noteOfTurn(turned(turn), { at: AT, retentionMs: 30 * DAY })
const KNOWN = { subject: 'partner_1 a.example:8443', at: AT, adds: 1 }
const DETAILS = { partnerId: 'partner_1', host: 'a.example:8443', since: AT - 5 * DAY, error: 'http_503' }

test('URLs that begin to fail, or are disabled, are noted of their host, never with the URL itself', () => {
  expect(note('failing')).toEqual({ condition: 'callback.failing', ...KNOWN, details: DETAILS })
  expect(note('disabled')).toMatchObject({ condition: 'callback.disabled', ...KNOWN, details: DETAILS })
})

test('that one URL works again was taken for the end of its whole host', () => {
  expect(note('recovered')).toBeNull()
  expect(note('enabled')).toBeNull()
})

test('of what is held it was said that none is lost', () => {
  const details = note('disabled')?.details
  if (!details) throw new Error('it is noted')
  const event = { ...PAUSED, condition: 'callback.disabled', details } as const
  const [en, zh] = [WORDS.en.event(event, AT).sentence, WORDS.zh.event(event, AT).sentence]
  expect(en).toContain('2026-12-21 03:04:05 UTC')
  expect(zh).toContain('北京时间 2026-12-21 11:04:05')
  for (const text of [en, zh]) {
    expect(text).toContain('RETENTION')
    expect(text).not.toMatch(/lost|丢失/)
  }
})
