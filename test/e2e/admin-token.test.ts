import { expect, test } from 'vitest'
import { openDesk } from '../support/desk.ts'

test('a token is created, listed without its text, and revoked', async () => {
  await using desk = await openDesk()
  const { token, ...created } = await desk.runJson<{ id: string; token: string }>(
    'admin-token',
    'create',
    '值班 Zoë',
    '--role',
    'operate',
  )
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
