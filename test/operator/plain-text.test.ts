import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOf, cutTo, defused } from '../../src/operator/plain-text.ts'

test('a text is cut to so many bytes, at the edge of a character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat({ max: 60 }), (text, most) => {
      const cut = cutTo(text, most)
      expect(bytesOf(cut)).toBeLessThanOrEqual(most)
      expect(cut.isWellFormed()).toBe(true)
      expect(text.startsWith(cut.replace(/…$/, ''))).toBe(true)
      if (bytesOf(text) <= most) expect(cut).toBe(text)
    }),
  )
})

test('no text is a mention, a link, markup or more than one line', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'<>&@[]*`~|\\:/\n\r\u2028\u202e_a好') }), text => {
      expect(defused(text)).not.toMatch(/[<>&@[\]*`~|\\\n\r\u2028\u202e]|:\/\//)
    }),
  )
  expect(defused('IHUYI_API_KEY of hooks.partner.example:8443')).toBe('IHUYI_API_KEY of hooks.partner.example:8443')
})
