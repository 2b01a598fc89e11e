import { writeSync } from 'node:fs'
import { codeOf } from '../core/error.ts'

/** Takes lines, each with its line end. */
export interface Destination {
  write(line: string): void
}

const RETRIES = 500
const RETRY_PAUSE_MS = 2
/** In UTF-16 units. */
const MAX_BUFFERED = 64 * 1024

/**
 * Collects the lines of one turn of the event loop and writes them at its end, or when the process exits: a crash loses no
 * line, `kill -9` may. Lines that cannot be written (closed pipe, full disk, a reader that has stopped reading) are dropped;
 * the service goes on, and later lines are written as soon as that is possible again.
 */
export const createStdout = (): Destination => {
  const write = createStdoutWriter()
  let lines = ''
  const flush = () => {
    const text = lines
    lines = ''
    if (text !== '') write(text)
  }
  process.on('exit', flush)
  return {
    write(line) {
      if (lines === '') setImmediate(flush)
      lines += line
      if (lines.length > MAX_BUFFERED) flush()
    },
  }
}

/** Waits for a full pipe, RETRIES times at most; after it has given up once, it waits no more until a write succeeds. */
const createStdoutWriter = () => {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  /** The last write ended within a line. */
  let isTorn = false
  let isStuck = false
  return (text: string): void => {
    const bytes = Buffer.from(isTorn ? `\n${text}` : text)
    let written = 0
    for (let retries = isStuck ? 0 : RETRIES; written < bytes.length; ) {
      try {
        written += writeSync(1, bytes, written)
      } catch (error) {
        if (codeOf(error) !== 'EAGAIN' || retries-- <= 0) break
        Atomics.wait(pause, 0, 0, RETRY_PAUSE_MS)
      }
    }
    isStuck = written < bytes.length
    if (written > 0) isTorn = isStuck
  }
}
