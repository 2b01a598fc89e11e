import { expect, test } from 'vitest'
import { readTraceparent } from '../../../src/http/frame.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'
const GOOD = `00-${TRACE}-${SPAN}-01`

test.each([
  ['version 00', GOOD, GOOD],
  ['not sampled', `00-${TRACE}-${SPAN}-00`, `00-${TRACE}-${SPAN}-00`],
  ['flags of a later level', `00-${TRACE}-${SPAN}-03`, GOOD],
  ['other flags, not sampled', `00-${TRACE}-${SPAN}-fe`, `00-${TRACE}-${SPAN}-00`],
  ['a later version', `cc-${TRACE}-${SPAN}-01`, GOOD],
  ['a later version with more', `cc-${TRACE}-${SPAN}-01-what-the-future-will-be-like`, GOOD],
])('reads %s', (_, text, traceparent) => {
  expect(readTraceparent(text)).toBe(traceparent)
})

test.each([
  ['no header', undefined],

  ['upper case', GOOD.toUpperCase()],

  ['version 00 with more', `${GOOD}-more`],

  ['no trace', `00-${'0'.repeat(32)}-${SPAN}-01`],

  ['a short trace', `00-${TRACE.slice(1)}-${SPAN}-01`],
])('ignores %s', (_, text) => {
  expect(readTraceparent(text)).toBeNull()
})
