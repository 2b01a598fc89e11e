import Database from 'better-sqlite3'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createGroupCommit } from '../../src/store/sqlite/group-commit.ts'

/** `commits`: how many rows each transaction found when it began. `syncs`: one for each sync under way, which ends it. */
const openTable = ({ disk = 'quick' }: { disk?: 'quick' | 'slow' } = {}) => {
  const client = new Database(':memory:')
  onTestFinished(() => void client.close())
  client.exec('CREATE TABLE written (name TEXT)')
  const commits: number[] = []
  const syncs: { names: unknown[]; end: (error?: Error) => void }[] = []
  const names = () => client.prepare('SELECT name FROM written').pluck().all()
  const { write, end } = createGroupCommit(client, {
    attempt: async run => {
      const before = names().length
      const outcomes = run()
      commits.push(before)
      return outcomes
    },
    sync: () =>
      new Promise((resolve, reject) => {
        syncs.push({ names: names(), end: error => (error ? reject(error) : resolve()) })
        if (disk === 'quick') resolve()
      }),
    explain: error => new Error(`explained: ${(error as Error).message}`),
  })
  const add = (name: string) => () => void client.prepare('INSERT INTO written VALUES (?)').run(name)
  return { client, write, end, commits, syncs, names, add }
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

describe('how soon', () => {
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

describe('how safe', () => {
  test('a write is told when the disk has it, a light one when it is committed', async () => {
    const { write, syncs, add } = openTable({ disk: 'slow' })
    const safe = write(add('a'))
    await write(add('b'), 'light')
    expect(await isSettled(safe)).toBe(false)
    syncs[0]?.end()
    await safe
    expect(syncs).toMatchObject([{ names: ['a', 'b'] }])
  })

  test('what comes during a sync shares the next commit and the next sync; only what is light does not wait', async () => {
    const { write, syncs, commits, names, add } = openTable({ disk: 'slow' })
    const first = write(add('a'))
    expect(await isSettled(first)).toBe(false)
    const more = [write(add('b'))]
    expect(await isSettled(first)).toBe(false)
    more.push(write(add('c'), 5))
    await write(add('light'), 'light')
    expect(names()).toEqual(['a', 'light'])
    syncs[0]?.end()
    await first
    expect(await isSettled(Promise.all(more))).toBe(false)
    syncs[1]?.end()
    await Promise.all(more)
    expect(syncs.map(sync => sync.names)).toEqual([['a'], ['a', 'light', 'b', 'c']])
    expect(commits).toEqual([0, 1, 2])
  })

  test('a sync that fails fails all that it was for, and no other', async () => {
    const { write, syncs, add } = openTable({ disk: 'slow' })
    const lost = write(add('a'))
    expect(await isSettled(lost)).toBe(false)
    const next = write(add('b'))
    syncs[0]?.end(new Error('EIO'))
    await expect(lost).rejects.toThrow('EIO')
    expect(await isSettled(next)).toBe(false)
    syncs[1]?.end()
    await next
  })

  test('the end waits for what is not safe yet, also for what could have waited', async () => {
    const { write, end, syncs, add } = openTable({ disk: 'slow' })
    const written = [write(add('a')), write(add('b'), 10)]
    const ended = end()
    expect(await isSettled(ended)).toBe(false)
    syncs[0]?.end()
    await Promise.all(written)
    await ended
  })
})
