import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'

const UNIT = join(import.meta.dirname, '../../deploy/systemd/idface-notifier.service')
const COMMAND = join(import.meta.dirname, '../../deploy/systemd/idface-notifier')
const NOTIFY = join(import.meta.dirname, '../../deploy/systemd/idface-notifier-failed.service')
const MOST_EXPOSURE = 1.5

const HAS_ANALYZE = spawnSync('systemd-analyze', ['--version']).status === 0

describe('the shipped unit of systemd', () => {
  test('leaves little exposed, by systemd-analyze security', ({ skip }) => {
    skip(!HAS_ANALYZE, 'there is no systemd-analyze here (Debian: systemd)')
    const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=true', UNIT], { encoding: 'utf8' })
    const [, level] = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout) ?? []
    expect(Number(level)).toBeLessThanOrEqual(MOST_EXPOSURE)
  })

  test.for([UNIT, NOTIFY])('has nothing that systemd does not know: %s', (unit, { skip }) => {
    skip(!HAS_ANALYZE, 'there is no systemd-analyze here (Debian: systemd)')
    const { stderr } = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' })
    const lines = stderr.split('\n').filter(line => line.includes(basename(unit)))
    expect(lines.filter(line => !line.includes('is not executable: No such file'))).toEqual([])
  })

  test('told nobody when the service was dead, and killed it later than it promises to end', () => {
    const unit = readFileSync(UNIT, 'utf8')
    expect(/^OnFailure=(.*)$/m.exec(unit)?.[1]).toBe(basename(NOTIFY))
    const stopSeconds = Number(/^TimeoutStopSec=(\d+)s$/m.exec(unit)?.[1])
    expect([stopSeconds > 12, stopSeconds <= 15]).toEqual([true, true])
  })

  test('runs commands with what the service has: user, folders, settings and key', () => {
    const command = readFileSync(COMMAND, 'utf8')
    const settingOf = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(readFileSync(UNIT, 'utf8'))?.[1]
    for (const name of [
      'User',
      'DynamicUser',
      'StateDirectoryMode',
      'CacheDirectory',
      'EnvironmentFile',
      'LoadCredential',
    ])
      expect(command).toContain(`--property=${name}=${settingOf(name)}`)
    expect(command).toContain(`--property=StateDirectory='${settingOf('StateDirectory')}'`)
  })
})
