import fc from 'fast-check'
import { expect, test } from 'vitest'
import { defused } from '../../src/operator/plain-text.ts'

test('no text is a mention, a link, markup or more than one line', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'<>&@[]*`~|\\:/\n\r\u2028\u202e_a好') }), text => {
      expect(defused(text)).not.toMatch(/[<>&@[\]*`~|\\\n\r\u2028\u202e]|:\/\//)
    }),
  )
  expect(defused('IHUYI_API_KEY of hooks.partner.example:8443')).toBe('IHUYI_API_KEY of hooks.partner.example:8443')
})
