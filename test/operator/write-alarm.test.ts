import { expect, test } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../src/core/duration.ts'
import type { Answer } from '../../src/operator/dialect.ts'
import { createWriteAlarm } from '../../src/operator/write-alarm.ts'
import { AT } from './support.ts'

const open = () => {
  const state = { now: AT, answer: { kind: 'told' } as Answer }
  const told: string[] = []
  const since: number[] = []
  const look = createWriteAlarm({
    channel: {
      post: async ({ items }) => {
        told.push(...items.map(({ headline }) => headline))
        since.push(...items.map(item => item.since - AT))
        return state.answer
      },
    },
    ...{ language: 'en', source: 'node-1', now: () => state.now, random: () => 0.5, emit: () => {} },
  })
  const at = async (ms: number, error: string | null) => {
    state.now = AT + ms
    await look(error)
    return told.splice(0)
  }
  return { state, look, since, at }
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

test('it tells since when that is so, not since when it tells it', async () => {
  const { state, look, since } = open()
  state.now = AT + 15 * SECOND
  await look('55P03', AT)
  await look(null)
  expect(since).toEqual([0, 0])
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

test('a channel that does not take it was sent it four times a minute', async () => {
  const { at, state } = open()
  const trials = async (from: number, until: number) => {
    const times: number[] = []
    for (let ms = from; ms < until; ms += 15 * SECOND) if ((await at(ms, 'SQLITE_FULL')).length > 0) times.push(ms)
    return times
  }
  state.answer = { kind: 'refused', problem: 'key', code: 'http 404', said: '' }
  expect(await trials(0, HOUR)).toHaveLength(8)
  state.answer = { kind: 'told' }
  expect(await trials(HOUR, 2 * HOUR)).toHaveLength(1)
})

test('a channel that asks for time is left alone for so long', async () => {
  const { at, state } = open()
  state.answer = { kind: 'later', code: 'http 429', said: '', waitMs: 10 * MINUTE }
  expect(await at(0, 'SQLITE_FULL')).toEqual([FIRING])
  expect(await at(9 * MINUTE, 'SQLITE_FULL')).toEqual([])
  expect(await at(10 * MINUTE, 'SQLITE_FULL')).toEqual([FIRING])
})

test('what could not be told is tried again soon', async () => {
  const { at, state } = open()
  state.answer = { kind: 'later', code: 'timeout: connect', said: '', waitMs: null }
  expect(await at(0, 'SQLITE_FULL')).toEqual([FIRING])
  state.answer = { kind: 'told' }
  expect(await at(15 * SECOND, 'SQLITE_FULL')).toEqual([FIRING])
  expect(await at(30 * SECOND, 'SQLITE_FULL')).toEqual([])
})
