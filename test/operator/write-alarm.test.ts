import { expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../src/core/duration.ts'
import type { Answer } from '../../src/operator/dialect.ts'
import { createWriteAlarm } from '../../src/operator/write-alarm.ts'
import { AT } from './support.ts'

const open = () => {
  const state = { now: AT, answer: { kind: 'told' } as Answer }
  const told: string[] = []
  const look = createWriteAlarm({
    channel: {
      post: async ({ items }) => {
        told.push(...items.map(({ headline }) => headline))
        return state.answer
      },
    },
    ...{ language: 'en', source: 'node-1', now: () => state.now, emit: () => {} },
  })
  const at = async (ms: number, error: string | null) => {
    state.now = AT + ms
    await look(error)
    return told.splice(0)
  }
  return { state, at }
}
const FIRING = 'ALERT: the database cannot be written'
const RESOLVED = 'RESOLVED: the database can be written again'

test('is told once, past the database, and its end at once', async () => {
  const { at } = open()
  expect(await at(0, null)).toEqual([])
  expect(await at(1, 'SQLITE_FULL')).toEqual([FIRING])
  expect(await at(2, 'SQLITE_FULL')).toEqual([])
  expect(await at(HOUR, null)).toEqual([RESOLVED])
})

test('what comes and goes within the hour is told again only once it has lasted', async () => {
  const { at } = open()
  await at(0, 'SQLITE_FULL')
  expect(await at(1, null)).toEqual([RESOLVED])
  expect(await at(2, 'SQLITE_FULL')).toEqual([])
  expect(await at(3, null)).toEqual([])
  expect(await at(4, 'SQLITE_FULL')).toEqual([])
  expect(await at(6 * MINUTE, 'SQLITE_FULL')).toEqual([FIRING])
})

test('what could not be told is tried again at the next look', async () => {
  const { at, state } = open()
  state.answer = { kind: 'later', code: 'timeout: connect', said: '', waitMs: null }
  expect(await at(0, 'SQLITE_FULL')).toEqual([FIRING])
  state.answer = { kind: 'told' }
  expect(await at(1, 'SQLITE_FULL')).toEqual([FIRING])
  expect(await at(2, 'SQLITE_FULL')).toEqual([])
})
