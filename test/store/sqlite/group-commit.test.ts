import { describe, expect, test } from 'vitest'
import { createGroupCommit } from '../../../src/store/sqlite/group-commit.ts'
import { createTxs } from '../../../src/store/sqlite/tx.ts'
import { openBeside } from '../support/files.ts'

/** `commits`: how many rows each transaction found when it began. */
const openTable = ({ gatherMs = 0 } = {}) => {
  const client = openBeside(':memory:')
  client.exec('CREATE TABLE written (name TEXT)')
  const commits: number[] = []
  const names = () => client.prepare('SELECT name FROM written').pluck().all()
  const begin = createTxs(client)
  const { write, end } = createGroupCommit(client, gatherMs, {
    begin: () => begin(0),
    attempt: async run => {
      const before = names().length
      const outcomes = await run()
      commits.push(before)
      return outcomes
    },
    explain: error => new Error(`explained: ${(error as Error).message}`),
  })
  const add = (name: string) => () => void client.prepare('INSERT INTO written VALUES (?)').run(name)
  return { client, write, end, commits, names, add }
}

/** Whether it has resolved, after all that could have made it has run. */
const isSettled = async (promise: Promise<unknown>): Promise<boolean> => {
  let settled = false
  const settle = () => {
    settled = true
  }
  promise.then(settle, settle)
  for (let turns = 0; turns < 5; turns++) await new Promise(resolve => setImmediate(resolve))
  return settled
}

describe('writes of one turn', () => {
  test('share a commit, in the order in which they came', async () => {
    const { write, commits, names, add } = openTable()
    await Promise.all([write(add('a')), write(add('b')), write(add('c')), write(add('d'))])
    expect(names()).toEqual(['a', 'b', 'c', 'd'])
    expect(commits).toEqual([0])
  })

  test('are undone alone when they throw, and reject', async () => {
    const { write, names, add } = openTable()
    const outcomes = await Promise.allSettled([
      write(add('a')),
      write(() => {
        add('b')()
        throw new Error('no')
      }),
      write(() => 7),
    ])
    expect(outcomes).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: new Error('explained: no') },
      { status: 'fulfilled', value: 7 },
    ])
    expect(names()).toEqual(['a'])
  })
})

describe('a write', () => {
  test('resolves once its transaction is committed, not before', async () => {
    const opened = Promise.withResolvers<void>()
    const { client, write, names, add } = openTable()
    const written = write(add('a'))
    const last = write(() => opened.promise)
    expect(await isSettled(written)).toBe(false)
    expect([client.inTransaction, names()]).toEqual([true, ['a']])
    opened.resolve()
    await Promise.all([written, last])
    expect([client.inTransaction, names()]).toEqual([false, ['a']])
  })

  test('rejects where its COMMIT has failed', async () => {
    const { client, write, names, add } = openTable()
    client.exec('CREATE TABLE owners (name REFERENCES written (rowid) DEFERRABLE INITIALLY DEFERRED)')
    const owned = write(() => void client.prepare('INSERT INTO owners VALUES (7)').run())
    const told = await Promise.allSettled([write(add('a')), owned])
    expect([told.map(({ status }) => status), names()]).toEqual([['rejected', 'rejected'], []])
  })

  test('may be run twice: once more when another one of its transaction has thrown', async () => {
    const { write, names, add } = openTable()
    let runs = 0
    const counted = write(() => {
      runs++
      add('a')()
      return runs
    })
    const failed = write(() => {
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
    expect([await counted, names()]).toEqual([2, ['a']])
  })
})

describe('a write that nobody waits for', () => {
  const NEVER_MS = 2 ** 31 - 1

  test('shares the commit of the next one that somebody waits for, and comes before it', async () => {
    const { write, commits, names, add } = openTable({ gatherMs: NEVER_MS })
    const later = [write(add('a'), 'soon'), write(add('b'), 'soon')]
    expect([await isSettled(later[0] as Promise<void>), names()]).toEqual([false, []])
    await Promise.all([...later, write(add('c'))])
    expect([names(), commits]).toEqual([['a', 'b', 'c'], [0]])
  })

  test('is committed by itself after a while, and another one after another while', async () => {
    const { write, commits, names, add } = openTable({ gatherMs: 1 })
    await Promise.all([write(add('a'), 'soon'), write(add('b'), 'soon')])
    await write(add('c'), 'soon')
    expect([names(), commits]).toEqual([
      ['a', 'b', 'c'],
      [0, 2],
    ])
  })

  test('does not wait at the end', async () => {
    const { write, end, names, add } = openTable({ gatherMs: NEVER_MS })
    const later = write(add('a'), 'soon')
    await end()
    await later
    expect(names()).toEqual(['a'])
  })
})
