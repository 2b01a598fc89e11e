import Database from 'better-sqlite3'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createGroupCommit } from '../../src/store/sqlite/group-commit.ts'

/** `commits`: how many rows each transaction that was committed found in the table when it began. */
const openTable = () => {
  const client = new Database(':memory:')
  onTestFinished(() => void client.close())
  client.exec('CREATE TABLE written (name TEXT)')
  client.pragma('synchronous = FULL')
  const commits: number[] = []
  const names = () => client.prepare('SELECT name FROM written').pluck().all()
  const write = createGroupCommit(client, {
    attempt: async run => {
      const before = names().length
      const outcomes = run()
      commits.push(before)
      return outcomes
    },
    explain: error => new Error(`explained: ${(error as Error).message}`),
  })
  const add = (name: string) => () => void client.prepare('INSERT INTO written VALUES (?)').run(name)
  const synchronous = () => client.pragma('synchronous', { simple: true })
  return { client, write, commits, names, add, synchronous }
}

const FULL = 2
const NORMAL = 1

describe('writes of one turn', () => {
  test('share a commit, in the order in which they came', async () => {
    const { write, commits, names, add } = openTable()
    await Promise.all([write(add('a')), write(add('b'), 20), write(add('c'), 'light'), write(add('d'))])
    expect(names()).toEqual(['a', 'b', 'c', 'd'])
    expect(commits).toEqual([0])
  })

  test('are undone alone when they throw, and told why', async () => {
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

  test('all fail when one ends the transaction, as a full disk does', async () => {
    const { client, write, names, add } = openTable()
    const outcomes = await Promise.allSettled([
      write(add('a')),
      write(() => {
        client.exec('ROLLBACK')
        throw new Error('disk full')
      }),
    ])
    expect(outcomes).toMatchObject([
      { status: 'rejected', reason: new Error('disk full') },
      { status: 'rejected', reason: new Error('disk full') },
    ])
    expect(names()).toEqual([])
    await write(add('after'))
    expect(names()).toEqual(['after'])
  })
})

describe('how soon, and how safe', () => {
  test('what is written now is written through to the disk, what is light is not, and together they are', async () => {
    const { write, synchronous } = openTable()
    expect(await write(synchronous)).toBe(FULL)
    expect(await write(synchronous, 'light')).toBe(NORMAL)
    expect(await Promise.all([write(synchronous, 'light'), write(synchronous)])).toEqual([FULL, FULL])
    expect(synchronous()).toBe(FULL)
    expect(await write(synchronous, 20)).toBe(FULL)
  })

  test('a light write that throws leaves the next one safe', async () => {
    const { write, synchronous } = openTable()
    const failing = write(() => {
      throw new Error('no')
    }, 'light')
    await expect(failing).rejects.toThrow('no')
    expect(synchronous()).toBe(FULL)
  })

  test('what may wait goes at once after a pause, and with the next commit in a rush', async () => {
    const { write, commits, add } = openTable()
    await write(add('a'), 20)
    expect(commits).toEqual([0])
    const waiting = write(add('b'), 20)
    await write(add('c'), 'light')
    expect(commits).toEqual([0, 1])
    await write(add('d'))
    await waiting
    expect(commits).toEqual([0, 1, 2])
  })

  test('what may wait does not wait for ever', async () => {
    const { write, commits, add } = openTable()
    await write(add('a'))
    await write(add('b'), 20)
    expect(commits).toEqual([0, 1])
  })
})
