import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'

describe('S16: the service goes on', () => {
  const stdoutModule = JSON.stringify(join(import.meta.dirname, '../../src/telemetry/stdout.ts'))
  /** Runs code in a process of its own, where `writeLine` writes one line of the log. */
  const run = (code: string, stdout: 'pipe' | number) => {
    const script = `import { createStdout } from ${stdoutModule}; const log = createStdout();
      const writeLine = text => log.write(text + '\\n'); ${code}`
    const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', script], {
      stdio: ['pipe', stdout, 'pipe'],
    })
    // A stream exists for each pipe, so stdout may have none.
    return { child, stderr: text(child.stderr as NodeJS.ReadableStream), exit: once(child, 'exit') }
  }

  test('when the reader of its log goes away', async () => {
    const { child, stderr, exit } = run(
      `writeLine('first')
       process.stdin.once('data', () => {
         for (let n = 0; n < 20_000; n++) writeLine('line ' + n)
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

  test.skipIf(!existsSync('/dev/full'))('when the disk is full, and keeps no lines that it cannot write', async () => {
    const { stderr, exit } = run(
      `const line = 'x'.repeat(1000)
       for (let n = 0; n < 100_000; n++) writeLine(line + n)
       gc()
       console.error(process.memoryUsage().heapUsed < 30_000_000 ? 'alive' : 'kept')`,
      openSync('/dev/full', 'w'),
    )
    expect(await exit).toEqual([0, null])
    expect(await stderr).toBe('alive\n')
  })

  test('when the reader is slower than the log, and loses no line', async () => {
    // Touching process.stdout makes the pipe non-blocking, so that a full one answers EAGAIN.
    const { child, exit } = run(`process.stdout; for (let n = 0; n < 20_000; n++) writeLine('line ' + n)`, 'pipe')
    const lines = (await text(child.stdout as NodeJS.ReadableStream)).trimEnd().split('\n')
    expect(lines).toEqual(Array.from({ length: 20_000 }, (_, n) => `line ${n}`))
    expect(await exit).toEqual([0, null])
  })
})
