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
