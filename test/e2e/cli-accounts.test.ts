import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { onFile } from '../store/support/files.ts'
import { openCli } from '../support/open-cli.ts'

vi.setConfig({ testTimeout: 60_000 })

interface AccountJson {
  id: string
  account: string
  paused: boolean
  reason: string | null
}

test('account create, list, pause and resume keep to their shapes, and show no key', async () => {
  await using cli = await openCli()
  writeFileSync(join(cli.path, 'key.txt'), 'the-key-of-it\n')
  const { partnerId } = await cli.runJson<{ partnerId: string }>('partner', 'create', 'one')
  const create = ['account', 'create', 'C1', '--api-key-file', 'key.txt', '--rate', '2.5', '--partner', partnerId]
  const created = await cli.runJson<AccountJson>(...create)
  expect(created).toEqual({
    ...{ id: expect.stringMatching(/^acc_/), account: 'C1', mode: 'dynamic', rate: 2.5, partnerId },
    ...{ paused: false, tried: false, reason: null, code: null, since: null, reachable: true, error: null },
  })
  expect(await cli.run(...create)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/An account with this APIID exists already/),
  })

  expect(await cli.runJson('account', 'pause', 'C1')).toMatchObject({ paused: true, reason: 'operator' })
  expect(await cli.runJson('account', 'list')).toMatchObject({
    data: [{ account: 'C1', paused: true }],
    nextCursor: null,
  })
  const table = await cli.run('account', 'list', '--lang', 'zh')
  expect(table.stdout).toMatch(
    /每秒查询[\s\S]*C1.*2\.5.*one \(partner_\w+\) +已暂停：由运维人员暂停 +\d{4}-\S+ \S+\n时间：北京时间/,
  )
  expect(table.stdout).not.toContain('the-key-of-it')
  expect(await cli.runJson('account', 'resume', created.id)).toMatchObject({ paused: false })
  expect(await cli.run('account', 'resume', 'C1')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/C1 was not paused.*works\n$/),
  })
  const refuse = "UPDATE accounts SET paused_at = 1, pause_reason = 'credentials_wrong', pause_code = 405, probes = 1"
  onFile(join(cli.path, 'notifier.db'), file => file.exec(refuse))
  expect(await cli.run('account', 'resume', 'C1')).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/C1 is not back.*405/),
  })
  // Each names a command that a shell takes.
  expect((await cli.run('account', 'pause', 'C1')).stdout).toContain('run: idface-notifier account resume C1')
  expect((await cli.run('deliveries', 'hold')).stdout).toContain('run: idface-notifier deliveries resume')
  await cli.run('deliveries', 'resume')
  const unknown = await cli.run('account', 'pause', 'C2', '--lang', 'zh')
  expect(unknown.stderr).toMatch(/没有该 id 对应的账户.*\n.*"account list"/)
  for (const id of ['.', '..']) expect((await cli.run('account', 'pause', id)).code).toBe(2)
  writeFileSync(join(cli.path, 'two-keys.txt'), 'one\ntwo\n')
  const refused = await cli.run('account', 'create', 'C2', '--api-key-file', 'two-keys.txt')
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('--api-key-file two-keys.txt') })
})

test('partner set changes what it names, and nothing else', async () => {
  await using cli = await openCli()
  const { partnerId } = await cli.runJson<{ partnerId: string }>('partner', 'create', 'one')
  const set = (...args: string[]) => cli.runJson('partner', 'set', partnerId, ...args)
  expect(await cli.runJson('partner', 'set', 'one', '--daily', '7')).toMatchObject({ id: partnerId })
  expect(await set('--payload', 'thin', '--max-pending', '10', '--daily', '0')).toMatchObject({
    ...{ id: partnerId, name: 'one', payload: 'thin', quotas: { pending: 10, hosts: null, daily: 0 } },
  })
  expect(await set('--name', 'two', '--max-pending', 'none', '--max-hosts', '3')).toMatchObject({
    ...{ name: 'two', payload: 'thin', quotas: { pending: null, hosts: 3, daily: 0 } },
  })
  const { stdout } = await cli.run('partner', 'set', partnerId, '--payload', 'full', '--lang', 'zh')
  expect(stdout).toMatch(/two 现为：[\s\S]*full[\s\S]*不限/)
  const wrong = await cli.run('partner', 'set', partnerId, '--payload', 'fat', '--daily', '-1', '--lang', 'zh')
  expect(wrong).toMatchObject({ code: 2, stdout: '' })
  expect(wrong.stderr).toMatch(/--payload 须为 full、thin 之一\n--daily 须为/)
  expect(await cli.run('partner', 'set', partnerId)).toMatchObject({ code: 2 })
  expect((await cli.run('partner', 'set', 'partner_none', '--daily', '1')).stderr).toContain('partner_none')
})

test('every command that changes something is in the audit, with its user, its reason and its outcome', async () => {
  await using cli = await openCli()
  writeFileSync(join(cli.path, 'key.txt'), 'the-key-of-it\n')
  const { partnerId } = await cli.runJson<{ partnerId: string }>('partner', 'create', 'one')
  const commands = [
    ['partner', 'set', partnerId, '--daily', '9'],
    ['account', 'create', 'C1', '--api-key-file', 'key.txt'],
    ['account', 'pause', 'C1'],
    ['account', 'resume', 'C1'],
    ['account', 'remove', 'C1'],
    ['prune'],
    ['migrate'],
    ['rekey'],
    ['backup', 'copy.db'],
  ]
  for (const command of commands) await cli.runJson(...command, '--reason', `why ${command[0]}`)
  expect((await cli.run('key', 'revoke', 'key_none')).code).toBe(2)
  const acts = onFile(join(cli.path, 'notifier.db'), file =>
    file.prepare<[], { changes: string | null }>('SELECT * FROM acts ORDER BY id').all(),
  )
  const done = { who: 'command', name: expect.stringMatching(/./), outcome: 'done' }
  expect(acts).toMatchObject([
    { ...done, act: 'partner.create', object: partnerId, reason: null },
    { ...done, act: 'partner.change', object: partnerId, reason: 'why partner' },
    ...['create', 'pause', 'resume', 'remove'].map(verb => ({
      ...{ ...done, act: `account.${verb}`, reason: 'why account' },
    })),
    ...['prune', 'migrate', 'rekey', 'backup'].map(name => ({
      ...{ ...done, act: `database.${name}`, object: null, reason: `why ${name}` },
    })),
    { ...done, act: 'key.revoke', object: 'key_none', outcome: 'refused' },
  ])
  const changes = acts.map(one => JSON.parse(one.changes ?? 'null'))
  expect(changes.slice(0, 7)).toMatchObject([
    { name: { after: 'one' } },
    { 'quotas.daily': { after: 9 } },
    { account: { after: 'C1' }, mode: { after: 'dynamic' } },
    { paused: { before: false, after: true } },
    { paused: { before: true, after: false } },
    { account: { before: 'C1' }, mode: { before: 'dynamic' } },
    null,
  ])
  expect(JSON.stringify(changes)).not.toContain('the-key-of-it')
})
