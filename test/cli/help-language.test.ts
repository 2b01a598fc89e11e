import { expect, test } from 'vitest'
import { GROUPS, SECTIONS } from '../../src/cli/commands.ts'
import { buildProgram } from '../../src/cli/frame/program.ts'

const CHINESE = /\p{Script=Han}/u

test('Chinese help had its usage and its choices in English form', () => {
  const program = buildProgram(SECTIONS, GROUPS, { language: 'zh', call: 'idface-notifier' })
  const groups = [program, ...program.commands]
  const all = groups.flatMap(group => [group, ...group.commands])
  expect(all.length).toBeGreaterThan(30)
  for (const command of all) {
    const help = command.helpInformation()
    expect(help).toMatch(/^用法： \S.*\[选项\]$/m)
    for (const line of help.split('\n').filter(text => /^ {2}\S+.* {2,}\S/.test(text))) expect(line).toMatch(CHINESE)
    expect(help).not.toMatch(/[\u4e00-\u9fff] ?\(/)
  }
})
