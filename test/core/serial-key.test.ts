import fc from 'fast-check'
import { expect, test } from 'vitest'
import { maskSerial, serialKey } from '../../src/core/registration.ts'

test.each([
  ['16236437872836', '16236437872836'],
  ['0016236437872836', '16236437872836'],
  ['16236437872836abc', '16236437872836'],
  ['16236437872836-2', '16236437872836'],
  ['007', '7'],
  ['00', '0'],
  ['0x1F', '0'],
  ['9'.repeat(64), '9'.repeat(64)],
  ['abc', 'abc'],
  ['ABC', 'ABC'],
  ['a007', 'a007'],
  ['-7', '-7'],
  ['_07', '_07'],
])('%s belongs to whoever has %s', (serial, key) => {
  expect(serialKey(serial)).toBe(key)
})

test('the key of a key is the key, whatever follows the digits', () => {
  const serial = fc.stringMatching(/^[0-9A-Za-z_-]{1,64}$/)
  fc.assert(fc.property(serial, text => serialKey(serialKey(text)) === serialKey(text)))
  const number = fc.bigInt({ min: 0n, max: 10n ** 40n })
  const tail = fc.stringMatching(/^([A-Za-z_-][0-9A-Za-z_-]{0,9})?$/)
  fc.assert(
    fc.property(
      number,
      fc.nat(9),
      tail,
      (value, zeros, end) => serialKey(`${'0'.repeat(zeros)}${value}${end}`) === `${value}`,
    ),
  )
})

test.each([
  ['16236437872836', '**36'],
  ['ab12', '**12'],
  ['123', '**'],
  ['', '**'],
])('maskSerial leaves of %j only %j, and that again of itself', (serial, masked) => {
  expect(maskSerial(serial)).toBe(masked)
  expect(maskSerial(masked)).toBe(masked)
})
