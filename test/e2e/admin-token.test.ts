import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runCli } from '../support/run-cli.ts'
import { openFolder, serviceEnvironment, spawnService } from '../support/service.ts'

const openDesk = async () => {
  const folder = await openFolder()
  const run = (...args: string[]) => runCli(args, { cwd: folder.path, env: { LANG: 'C' } })
  const runJson = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(...args, '--json')
    if (code !== 0) throw new Error(stderr)
    return JSON.parse(stdout)
  }
  return { run, runJson, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
}

test('a token is created, listed without its text, and revoked', async () => {
  await using desk = await openDesk()
  const { token, ...created } = await desk.runJson('admin-token', 'create', '值班 Zoë', '--role', 'operate')
  expect(token).toMatch(/^ifnadmin_\w/)
  expect(created).toMatchObject({
    id: expect.stringMatching(/^token_/),
    name: '值班 Zoë',
    role: 'operate',
    expiresAt: null,
  })
  expect(await desk.runJson('admin-token', 'list')).toEqual({ data: [created], nextCursor: null })
  expect(await desk.runJson('admin-token', 'revoke', created.id)).toEqual({ ...created, revoked: true })
  const { stdout } = await desk.run('admin-token', 'list', '--lang', 'zh')
  expect(stdout).toContain('值班 Zoë')
  expect(stdout).toContain('已吊销')
})

test('a command that changes something is in the audit, with its user and its reason', async () => {
  await using folder = await openFolder()
  const { ADMIN_TOKEN: _, ...env } = serviceEnvironment({ folder: folder.path, upstreamUrl: 'http://127.0.0.1:9/' })
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await runCli([...args, '--json'], { cwd: folder.path, env })
    if (code !== 0) throw new Error(stderr)
    return JSON.parse(stdout)
  }
  const { token, id } = await run('admin-token', 'create', 'Zoë', '--role', 'admin', '--expires', '1d')
  const { partnerId } = await run('partner', 'create', 'one', '--reason', 'ticket 7')
  await run('prune')
  await run('migrate')
  await run('backup', join(folder.path, 'copy.db'), '--reason', 'ticket 8')
  const refused = await runCli(['key', 'revoke', 'key_none'], { cwd: folder.path, env })
  expect(refused.code).toBe(2)
  await using service = await spawnService(env, folder.path)
  const get = async (path: string) =>
    (await fetch(`${service.url}${path}`, { headers: { authorization: `Bearer ${token}` } })).json() as Promise<{
      data: unknown
    }>
  const { data } = await get('/v1/admin/audit')
  expect(data).toMatchObject([
    { who: 'command', act: 'key.revoke', object: 'key_none', outcome: 'refused' },
    { who: 'command', act: 'database.backup', object: null, reason: 'ticket 8', outcome: 'done' },
    { who: 'command', act: 'database.migrate', object: null, outcome: 'done' },
    { who: 'command', act: 'database.prune', object: null, outcome: 'done' },
    { who: 'command', act: 'partner.create', object: partnerId, reason: 'ticket 7', outcome: 'done' },
    { who: 'command', act: 'admin_token.create', object: id, reason: null, name: expect.stringMatching(/./) },
  ])
  expect(data).toMatchObject([...Array(5).fill({}), { changes: { name: { after: 'Zoë' }, role: { after: 'admin' } } }])
})

test.each([
  { args: ['create', 'x'], says: /--role/ },
  { args: ['create', 'x', '--role', 'root'], says: /read, operate, admin/ },
  { args: ['create', ' ', '--role', 'read'], says: /NAME/ },
  { args: ['create', 'x', '--role', 'read', '--expires', 'soon'], says: /30d/ },
  { args: ['revoke', 'token_none'], says: /token_none.*admin-token list/ },
])('admin-token $args ends with 2 and an explanation', async ({ args, says }) => {
  await using desk = await openDesk()
  const { code, stdout, stderr } = await desk.run('admin-token', ...args)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(says)
})
