import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import type { Worker, WorkerOptions } from 'node:worker_threads'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { MINUTE } from '../../../../src/core/duration.ts'
import { AppError } from '../../../../src/core/error.ts'
import { openSqliteStore, type SqliteOptions } from '../../../../src/store/sqlite/store.ts'
import { openRemoteStore } from '../../../../src/store/sqlite/thread/remote-store.ts'
import { describeError } from '../../../../src/telemetry/describe-error.ts'
import { EVERY_REGISTRATION, openStoreFixture } from '../../../support/store.ts'
import { newPath, onFile, openBeside } from '../../support/files.ts'
import { failureOf, optionsFor, START } from '../../support/remote.ts'

/** The real ones, watched; a test can limit their memory. */
const threads = vi.hoisted(() => ({ all: [] as Worker[], limits: {} as NonNullable<WorkerOptions['resourceLimits']> }))
vi.mock('node:worker_threads', async importOriginal => {
  const original = await importOriginal<typeof import('node:worker_threads')>()
  class Watched extends original.Worker {
    constructor(file: URL, options: WorkerOptions) {
      super(file, { ...options, resourceLimits: threads.limits })
      threads.all.push(this)
    }
  }
  return { ...original, Worker: Watched }
})

const openAt = async (path: string, options: Partial<Pick<SqliteOptions, 'now'>> = {}) => {
  const bench = await openStoreFixture(async () => ({
    store: await openRemoteStore({ ...optionsFor(path), ...options }),
    advance: () => {},
  }))
  const thread = threads.all.at(-1)
  if (!thread) throw new Error('there is no thread')
  return { ...bench, thread }
}
const GONE = { code: 'unavailable', message: 'the database cannot be used now (its thread has ended)' }

describe('a start that fails', () => {
  const scenes: Record<string, (path: string) => Promise<Partial<SqliteOptions>> | Partial<SqliteOptions>> = {
    'the wrong master key': async path => {
      await (await openSqliteStore(optionsFor(path))).close()
      return { masterKey: randomBytes(32) }
    },
    'a file that is no database': path => {
      writeFileSync(path, 'this is a text, and it is longer than the header of a database, which has a hundred bytes')
      return {}
    },
    'a file that cannot be opened': path => {
      mkdirSync(path)
      return {}
    },
    'a schema that cannot be migrated': path => {
      onFile(path, file => file.exec('CREATE TABLE partners (a)'))
      return {}
    },
  }

  test.each(Object.keys(scenes))('%s: the same error, and no thread is left', async name => {
    const path = newPath()
    const options = { ...optionsFor(path), ...(await scenes[name]?.(path)) }
    const expected = await failureOf(openSqliteStore(options))
    expect(expected).toBeInstanceOf(Error)
    const error = await failureOf(openRemoteStore(options))
    expect(describeError(error)).toEqual(describeError(expected))
    expect(threads.all.at(-1)?.threadId).toBe(-1)
  })
})

describe('a thread that ends by itself', () => {
  const endings: Record<string, { limits?: typeof threads.limits; end: (thread: Worker) => unknown; broken: object }> =
    {
      'is ended': { end: thread => thread.terminate(), broken: GONE },
      'does not catch an error': { end: thread => thread.postMessage(null), broken: { name: 'TypeError' } },
      'runs out of memory': {
        limits: { maxOldGenerationSizeMb: 32 },
        end: thread =>
          thread.postMessage({
            now: START,
            calls: Array.from({ length: 200_000 }, (_, id) => ({ id, args: 'x'.repeat(100) })),
          }),
        broken: { code: 'ERR_WORKER_OUT_OF_MEMORY' },
      },
    }

  test.each(Object.keys(endings))('and %s leaves no call without an answer, and emits broken once', async name => {
    const { limits = {}, end, broken } = endings[name] ?? {}
    threads.limits = limits
    onTestFinished(() => {
      threads.limits = {}
    })
    const path = newPath()
    const { store, thread, ...bench } = await openAt(path)
    const told: Error[] = []
    store.hints.on('broken', error => told.push(error))
    const other = openBeside(path)
    other.exec('BEGIN IMMEDIATE')
    const inFlight = failureOf(bench.register())
    const exited = once(thread, 'exit').catch(() => {})
    await end?.(thread)
    const late = failureOf(bench.register())
    for (const error of [await inFlight, await late]) {
      expect(error).toBeInstanceOf(AppError)
      expect(error).toMatchObject({ code: 'unavailable' })
    }
    await exited
    expect(await failureOf(store.findPartner(bench.partnerId))).toMatchObject(GONE)
    expect(told).toHaveLength(1)
    expect(told[0]).toMatchObject(broken ?? {})
    await store.close()
  })
})

describe('long reads', () => {
  test('of one partner are not all in front of another’s', async () => {
    await using bench = await openAt(newPath())
    const ended: string[] = []
    const list = (partnerId: string) =>
      bench.store.listRegistrations(partnerId, EVERY_REGISTRATION).then(() => void ended.push(partnerId))
    const other = await bench.addPartner()
    await Promise.all([...Array.from({ length: 100 }, () => list(bench.partnerId)), list(other)])
    expect(ended.indexOf(other)).toBeLessThan(20)
  })

  test('end with the store’s thread, and tell broken where theirs ends by itself', async () => {
    await using bench = await openAt(newPath())
    await bench.store.listRegistrations(bench.partnerId, EVERY_REGISTRATION)
    const broken = once(bench.store.hints, 'broken')
    await threads.all.at(-1)?.terminate()
    await broken
    expect(await failureOf(bench.store.listRegistrations(bench.partnerId, EVERY_REGISTRATION))).toMatchObject(GONE)
  })
})

describe('the reader’s thread', () => {
  test('ends with the first `stats` when no read has begun for a minute; later reads are read all the same', async () => {
    let at = START
    await using bench = await openAt(newPath(), { now: () => at })
    const broken = vi.fn()
    bench.store.hints.on('broken', broken)
    const read = () => bench.store.listRegistrations(bench.partnerId, EVERY_REGISTRATION)
    const later = async (ms: number) => {
      at += ms
      await bench.store.stats()
    }
    const { id } = await bench.register()
    await read()
    const [reader] = threads.all.slice(-1)
    if (!reader || reader === bench.thread) throw new Error('nothing reads')
    const exited = once(reader, 'exit')
    await later(MINUTE - 1)
    await read()
    await later(MINUTE - 1)
    expect(reader.threadId).not.toBe(-1)
    const ended = later(1)
    const after = Array.from({ length: 20 }, async (_, turns) => {
      for (let turn = 0; turn < turns; turn++) await null
      return read()
    })
    for (const found of after) expect((await found).found[0]?.id).toBe(id)
    await Promise.all([ended, exited])
    await read()
    expect(threads.all.at(-1)).not.toBe(reader)
    expect(broken).not.toHaveBeenCalled()
  })

  test('is not there for `stats` while little waits', async () => {
    await using bench = await openAt(newPath())
    await bench.store.stats()
    await Promise.all(Array.from({ length: 501 }, () => bench.register()))
    expect((await bench.store.stats()).polls.due).toBe(501)
    expect(threads.all.at(-1)).toBe(bench.thread)
    expect((await bench.store.stats()).polls.due).toBe(501)
    expect(threads.all.at(-1)).not.toBe(bench.thread)
  })
})

describe('close', () => {
  test('lets calls in flight end, takes no more, and ends the thread', async () => {
    const path = newPath()
    const { store, thread, ...bench } = await openAt(path)
    const broken = vi.fn()
    store.hints.on('broken', broken)
    const registered = Array.from({ length: 20 }, () => bench.register())
    const closed = store.close()
    const late = failureOf(store.findPartner(bench.partnerId))
    await closed
    expect(await late).toMatchObject({
      code: 'unavailable',
      message: 'the database cannot be used now (it has been closed)',
    })
    expect([thread.threadId, broken.mock.calls]).toEqual([-1, []])
    const ids = (await Promise.all(registered)).map(({ id }) => id)
    await store.close()

    await using again = await openAt(path)
    for (const id of ids) expect(await again.store.findRegistration(bench.partnerId, id)).toMatchObject({ id })
  })
})
