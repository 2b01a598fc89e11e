import { expect, test } from 'vitest'
import { createWaitingRoom } from '../../src/http/waiting-room.ts'

test('has a number of places for each partner, and a place that was left is free again', () => {
  const room = createWaitingRoom({ perPartner: 2, most: 10 })
  const first = room.enter('one')
  expect(room.enter('one')).not.toBeNull()
  expect(room.enter('one')).toBeNull()
  expect(room.enter('other')).not.toBeNull()
  first?.leave()
  expect(room.enter('one')).not.toBeNull()
  expect(room.enter('one')).toBeNull()
})

test('has a number of places for all together', () => {
  const room = createWaitingRoom({ perPartner: 2, most: 3 })
  const places = ['a', 'b', 'c', 'd'].map(room.enter)
  expect(places.map(place => place !== null)).toEqual([true, true, true, false])
  places[0]?.leave()
  expect(room.enter('d')).not.toBeNull()
})

test('ends the longest wait first, each once', () => {
  const room = createWaitingRoom({ perPartner: 2, most: 3 })
  expect(room.endLongestWait()).toBe(false)
  const places = ['a', 'b'].map(room.enter)
  const ended = () => places.map(place => place?.needed.aborted)
  expect([room.endLongestWait(), ...ended()]).toEqual([true, true, false])
  expect([room.endLongestWait(), ...ended()]).toEqual([true, true, true])
  expect(room.endLongestWait()).toBe(false)
})
