import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { DrizzleQueryError } from 'drizzle-orm/errors'
import { describe, expect, test } from 'vitest'
import { AppError } from '../../src/core/error.ts'
import { Secret } from '../../src/core/secret.ts'
import type { Level } from '../../src/telemetry/events.ts'
import { createLog, describeError, maskSerial } from '../../src/telemetry/log.ts'

const SERIAL = '16236437872836'
const NOW = Date.parse('2026-11-24T08:00:00.125Z')

const collect = (level: Parameters<typeof createLog>[0]['level'] = 'info') => {
  const lines: string[] = []
  const destination = { write: (line: string) => lines.push(line) }
  const write = createLog({ level, version: '1.2.3', destination, now: () => NOW })
  const log = (name: string, fields: Record<string, unknown> = {}, at: Level = 'info') =>
    write({ name, level: at, fields })
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? 'null') as Record<string, unknown> }
}

describe('a log line', () => {
  test('is one JSON object with time, level, event and the fields', () => {
    const { log, lines, last } = collect()
    log('delivery.attempted', { attempt: 2, outcome: 'ok\n{"event":"forged"}\u2028' })
    expect(lines.join('').match(/\n/g)).toHaveLength(1)
    expect(last()).toEqual({
      time: '2026-11-24T08:00:00.125Z',
      level: 'info',
      version: '1.2.3',
      event: 'delivery.attempted',
      attempt: 2,
      outcome: 'ok\n{"event":"forged"}\u2028',
    })
  })

  test('is written although something in it cannot be, and says so', () => {
    const { log, last } = collect()
    const unprintable = {
      toJSON: () => {
        throw new TypeError('no text for this')
      },
    }
    log('partner.failed', { partnerId: 'partner_1', unprintable })
    expect(last()).toMatchObject({ level: 'info', event: 'partner.failed', unprintable: { name: 'TypeError' } })
  })

  test.each([
    ['trace', ['debug', 'info', 'warn', 'error']],
    ['debug', ['debug', 'info', 'warn', 'error']],
    ['info', ['info', 'warn', 'error']],
    ['warn', ['warn', 'error']],
    ['error', ['error']],
    ['fatal', []],
    ['silent', []],
  ] as const)('is written at level %s only for %j', (level, written) => {
    const { log, lines } = collect(level)
    for (const name of ['debug', 'info', 'warn', 'error'] as const) log('some.thing', {}, name)
    expect(lines.map(line => JSON.parse(line).level)).toEqual(written)
  })

  test('O10: holds no secret, score, whole serial or URL, on any level and at any depth', () => {
    const { log, lines } = collect('trace')
    const canary = 'canary-value'
    const sensitive = {
      secret: new Secret(canary),
      apiKey: canary,
      signature: canary,
      livingScore: canary,
      similarity: canary,
      authorization: canary,
      body: canary,
      metadata: { order: canary },
      idcardid: SERIAL,
      callbackUrl: `https://partner.example/${canary}`,
      url: new URL(`https://user:${canary}@partner.example/${canary}`),
      error: Object.assign(new Error(canary), { params: [canary] }),
      bytes: Buffer.from(canary),
    }
    log('some.thing', { ...sensitive, inner: { list: [sensitive] } }, 'debug')
    expect(lines).toHaveLength(1)
    expect(lines[0]).not.toContain(canary)
    expect(lines[0]).not.toContain(SERIAL)
    expect(lines[0]).toContain('partner.example')
  })

  test('survives what JSON cannot write', () => {
    const { log, lines, last } = collect()
    const loop: Record<string, unknown> = {}
    loop.self = loop
    log('some.thing', { loop, big: 12n, none: undefined, nothing: null, at: new Date(0) })
    expect(lines).toHaveLength(1)
    expect(last()).toMatchObject({ big: '12', nothing: null, at: '1970-01-01T00:00:00.000Z' })
  })
})

test.each([
  [SERIAL, '**36'],
  ['ab12', '**12'],
  ['123', '**'],
  ['', '**'],
])('maskSerial leaves of %j only %j, and that again of itself', (serial, masked) => {
  expect(maskSerial(serial)).toBe(masked)
  expect(maskSerial(masked)).toBe(masked)
})

describe('describeError', () => {
  test('keeps the words of our own errors, without URLs and long numbers', () => {
    expect(describeError(new AppError('conflict', 'held by another'))).toEqual({
      name: 'AppError',
      code: 'conflict',
      message: 'held by another',
    })
    expect(describeError(new Error(`no ${SERIAL} at https://partner.example/hook?token=1 today`))).toEqual({
      name: 'Error',
      message: 'no **36 at [url] today',
    })
    expect(describeError(new TypeError('x is not a function'))).toMatchObject({ message: 'x is not a function' })
    expect(describeError(new Error('a'.repeat(5_000))).message).toHaveLength(300)
  })

  test('gives of a failed query only the code of its cause', () => {
    const cause = Object.assign(new Error(`duplicate ${SERIAL}`), { code: '23505', detail: SERIAL })
    const error = new DrizzleQueryError('insert into verifications', [SERIAL], cause)
    expect(describeError(error)).toEqual({ name: 'DrizzleQueryError', code: '23505' })
    expect(describeError(new DrizzleQueryError('select 1', [SERIAL]))).toEqual({ name: 'DrizzleQueryError' })
  })

  test('gives of a library error no message', () => {
    class UndiciError extends Error {
      override name = 'ConnectTimeoutError'
      code = 'UND_ERR_CONNECT_TIMEOUT'
    }
    expect(describeError(new UndiciError('https://partner.example'))).toEqual({
      name: 'ConnectTimeoutError',
      code: 'UND_ERR_CONNECT_TIMEOUT',
    })
    expect(describeError(Object.assign(new Error('connect 10.0.0.1'), { code: 'ECONNREFUSED' }))).toEqual({
      name: 'Error',
      code: 'ECONNREFUSED',
    })
    expect(describeError(new SyntaxError(`Unexpected "${SERIAL}"`))).toEqual({ name: 'SyntaxError' })
    expect(describeError(SERIAL)).toEqual({ name: 'Thrown string' })
    expect(describeError(undefined)).toEqual({ name: 'Thrown undefined' })
  })
})

describe('S16: the service goes on', () => {
  const logModule = JSON.stringify(join(import.meta.dirname, '../../src/telemetry/log.ts'))
  const run = (code: string, stdout: 'pipe' | number) => {
    const script = `import { createLog } from ${logModule}; const write = createLog({ level: 'info', now: Date.now });
      const log = (name, fields = {}) => write({ name, level: 'info', fields }); ${code}`
    const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', script], {
      stdio: ['pipe', stdout, 'pipe'],
    })
    // The streams exist for what is a pipe; `stdout` only then.
    return { child, stderr: text(child.stderr as NodeJS.ReadableStream), exit: once(child, 'exit') }
  }

  test('when the reader of its log goes away', async () => {
    const { child, stderr, exit } = run(
      `log('first')
       process.stdin.once('data', () => {
         for (let n = 0; n < 20_000; n++) log('some.thing', { n })
         console.error('alive')
         process.exit(0)
       })`,
      'pipe',
    )
    child.stdout?.once('data', () => child.stdout?.destroy())
    child.stdout?.once('close', () => child.stdin?.write('go\n'))
    expect(await exit).toEqual([0, null])
    expect(await stderr).toBe('alive\n')
  })

  test.skipIf(!existsSync('/dev/full'))('when the disk is full, without keeping what it cannot write', async () => {
    const { stderr, exit } = run(
      `const line = 'x'.repeat(1000)
       for (let n = 0; n < 100_000; n++) log('some.thing', { line })
       gc()
       console.error(process.memoryUsage().heapUsed < 30_000_000 ? 'alive' : 'kept')`,
      openSync('/dev/full', 'w'),
    )
    expect(await exit).toEqual([0, null])
    expect(await stderr).toBe('alive\n')
  })

  test('when the reader is slower than the log, and no line is lost', async () => {
    // Touching process.stdout makes the pipe non-blocking, so that a full one answers EAGAIN.
    const { child, exit } = run(`process.stdout; for (let n = 0; n < 5_000; n++) log('some.thing', { n })`, 'pipe')
    const lines = (await text(child.stdout as NodeJS.ReadableStream)).trimEnd().split('\n')
    expect(lines.map(line => JSON.parse(line).n)).toEqual(Array.from({ length: 5_000 }, (_, n) => n))
    expect(await exit).toEqual([0, null])
  })
})
