import { expect, test } from 'vitest'
import { createProgress, showBar } from '../../src/cli/progress.ts'

/** What is written to a terminal, or to a file. */
const open = (isTTY: boolean) => {
  const written: string[] = []
  const stream = { isTTY, write: (text: string) => written.push(text) > 0 } as unknown as NodeJS.WriteStream
  return { progress: createProgress(stream), written }
}

test('a terminal shows a bar in one line that changes', () => {
  const { progress, written } = open(true)
  for (const done of [0, 1, 1, 4]) progress.show('Copying', done, 4)
  progress.end()
  expect(written).toEqual([
    `\r${'Copying'} [                    ]   0 %\u001B[K`,
    '\rCopying [#####               ]  25 %\u001B[K',
    '\rCopying [####################] 100 %\u001B[K',
    '\n',
  ])
  expect(showBar(0.999)).toBe('[################### ]  99 %')
})

test('a log has a line for each quarter', () => {
  const { progress, written } = open(false)
  for (let done = 0; done <= 100; done++) progress.show('Copying', done, 100)
  progress.end()
  expect(written).toEqual([0, 25, 50, 75, 100].map(share => `Copying ${share} %\n`))
})

test('where nobody knows how much it will be, a log has a line each time that it has doubled', () => {
  const { progress, written } = open(false)
  for (let done = 0; done <= 10_000; done += 100) progress.count(n => `Erased ${n}`, done)
  expect(written).toEqual([1_000, 2_000, 4_000, 8_000].map(n => `Erased ${n}\n`))
  const terminal = open(true)
  terminal.progress.count(n => `Erased ${n}`, 7)
  expect(terminal.written).toEqual(['\rErased 7\u001B[K'])
})
