import { describe, expect, test } from 'vitest'
import {
  afterLookup,
  afterSerial,
  type EnumerationState,
  NO_ENUMERATION,
  NO_SEQUENCE,
  type SerialSequence,
} from '../../src/core/enumeration.ts'

const NOW = 1_800_000_000_000
const SLOWED_UNTIL = NOW + 10 * 60_000

const serials = (ids: readonly (string | number | bigint)[]): SerialSequence =>
  ids.reduce<SerialSequence>((state, id) => afterSerial(state, String(id), NOW), NO_SEQUENCE)
const answers = (notFound: number, others: number): EnumerationState => {
  const all = [...Array<boolean>(notFound).fill(true), ...Array<boolean>(others).fill(false)]
  return all.reduce<EnumerationState>((state, isNotFound) => afterLookup(state, isNotFound, NOW), NO_ENUMERATION)
}
const upTo = (length: number, of: (n: number) => string | number | bigint) => Array.from({ length }, (_, n) => of(n))
const FIRST = 16236437872836n

describe('M4: serials in sequence', () => {
  test.each<[string, (n: number) => string | bigint]>([
    ['upwards', n => FIRST + BigInt(n)],
    ['downwards', n => FIRST - BigInt(n)],
    ['in steps of three', n => FIRST + 3n * BigInt(n)],
    ['to and fro', n => FIRST + BigInt(n % 2)],
    ['with leading zeros', n => `000${FIRST + BigInt(n)}`],
    ['that are longer than a double is exact', n => 10n ** 29n + BigInt(n)],
  ])('are seen %s, at the 30th neighbour', (_, of) => {
    expect(serials(upTo(30, of)).suspectedUntil).toBe(0)
    expect(serials(upTo(31, of)).suspectedUntil).toBe(SLOWED_UNTIL)
  })

  test('are seen among words, and among every fourth that is far away', () => {
    const words = upTo(62, n => (n % 2 === 0 ? FIRST + BigInt(n / 2) : `word-${n}`))
    expect(serials(words).suspectedUntil).toBe(SLOWED_UNTIL)
    // A stranger costs two neighbours: its own place and that of the one after it.
    const strangers = upTo(200, n => (n % 10 === 9 ? n * 7_000_000 : FIRST + BigInt(n)))
    expect(serials(strangers).suspectedUntil).toBe(SLOWED_UNTIL)
  })

  test.each<[string, (n: number) => string | bigint]>([
    ['of real checks, seconds apart', n => FIRST + 10_000n * BigInt(n)],
    ['in steps of four', n => FIRST + 4n * BigInt(n)],
    ['in pairs', n => FIRST + 5_000n * BigInt(n >> 1) + BigInt(n & 1)],
    ['that are all the same', () => FIRST],
    ['that are words', n => `serial-${n}`],
    ['of 64 digits', n => '9'.repeat(60) + String(1_000 + n)],
  ])('are not seen in those %s', (_, of) => {
    expect(serials(upTo(500, of)).suspectedUntil).toBe(0)
  })

  test('a few neighbours now and then are none', () => {
    const now = upTo(400, n => (n % 40 < 20 ? FIRST + BigInt(n) : 9_000_000_000_000n + 50_000n * BigInt(n)))
    expect(serials(now).suspectedUntil).toBe(0)
  })

  test('again, while they are suspected, are suspected for longer', () => {
    const once = serials(upTo(31, n => FIRST + BigInt(n)))
    const later = NOW + 60_000
    const again = upTo(30, n => FIRST + 31n + BigInt(n)).reduce<SerialSequence>(
      (state, id) => afterSerial(state, String(id), later),
      once,
    )
    expect(again.suspectedUntil).toBe(SLOWED_UNTIL + 60_000)
  })
})

describe('M4: serials that upstream does not know', () => {
  test('are seen where at least 48 of 60 are', () => {
    expect(answers(48, 12).slowedUntil).toBe(SLOWED_UNTIL)
    expect(answers(47, 13).slowedUntil).toBe(0)
  })

  test('are not judged by fewer than 60', () => {
    expect(answers(59, 0).slowedUntil).toBe(0)
  })

  test('are counted anew after 60', () => {
    const first = answers(30, 30)
    const then = Array(59)
      .fill(true)
      .reduce<EnumerationState>(state => afterLookup(state, true, NOW), first)
    expect(then.slowedUntil).toBe(0)
    expect(afterLookup(then, true, NOW).slowedUntil).toBe(SLOWED_UNTIL)
  })

  test('that upstream knows after all do not lift an alarm', () => {
    const slowed = answers(60, 0)
    const after = Array(60)
      .fill(false)
      .reduce<EnumerationState>(state => afterLookup(state, false, NOW + 1_000), slowed)
    expect(after.slowedUntil).toBe(SLOWED_UNTIL)
  })
})
