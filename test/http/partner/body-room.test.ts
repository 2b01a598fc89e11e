import { expect, test } from 'vitest'
import { createBodyRoom } from '../../../src/http/partner/body-room.ts'

const MIB = 1024 * 1024
const open = () => createBodyRoom({ perPartner: 2 * MIB, most: 3 * MIB })

test('what a partner has on its way is bounded, and others have their own', () => {
  const enter = open()
  const first = enter('a')
  first.hold(MIB)
  first.hold(MIB)
  expect(() => enter('a').hold(1)).toThrow('2 MiB of your bodies are still on their way')
  enter('b').hold(MIB)
})

test('what all have on their way is bounded', () => {
  const enter = open()
  enter('a').hold(2 * MIB)
  enter('b').hold(MIB)
  expect(() => enter('c').hold(1)).toThrow(expect.objectContaining({ code: 'unavailable', retryAfterMs: 1_000 }))
})

test('what was refused holds nothing, and what has ended makes room, once', () => {
  const enter = open()
  const [first, second] = [enter('a'), enter('a')]
  first.hold(MIB)
  expect(() => second.hold(2 * MIB)).toThrow()
  second.hold(MIB)
  first.leave()
  first.leave()
  expect(() => enter('a').hold(MIB + 1)).toThrow()
  enter('a').hold(MIB)
})
