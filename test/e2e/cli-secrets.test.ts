import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { onFile } from '../store/support/files.ts'
import { openCli } from '../support/open-cli.ts'

vi.setConfig({ testTimeout: 60_000 })

interface Listed {
  data: { id: string; type: string; expiresAt: string | null }[]
}

test('secret list, rotate and end, and commands take partners by name', async () => {
  await using cli = await openCli()
  const { partnerId } = await cli.runJson<{ partnerId: string }>('partner', 'create', 'Spruce Ltd')
  const rotate = ['secret', 'rotate', 'Spruce Ltd', '--type', 'v1a', '--overlap', '2h']
  const rotated = await cli.runJson<{ id: string }>(...rotate)
  expect(rotated).toMatchObject({ partnerId, type: 'v1a', secret: expect.stringMatching(/^whpk_/) })
  const { data } = await cli.runJson<Listed>('secret', 'list', partnerId)
  expect(data).toMatchObject([{ id: rotated.id, type: 'v1a', expiresAt: null }, { type: 'v1' }])
  const old = data[1]?.id ?? ''
  expect((await cli.run('secret', 'end', 'Spruce Ltd', rotated.id)).code).toBe(2)
  expect(await cli.runJson('secret', 'end', 'Spruce Ltd', old, '--reason', 'leaked')).toEqual({ id: old, ended: true })
  expect((await cli.run('secret', 'end', partnerId, old)).code).toBe(0)
  const unknown = await cli.run('secret', 'end', partnerId, 'secret_none')
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('"secret list"') })
  expect((await cli.runJson<Listed>('secret', 'list', partnerId)).data).toHaveLength(1)

  const key = await cli.runJson<{ id: string; apiKey: string }>('key', 'create', 'Spruce Ltd')
  expect(key).toMatchObject({ partnerId })
  // A leaked key may be all that is known, and cut off.
  for (const typed of [key.apiKey, key.apiKey.slice(0, 40), key.id])
    expect(await cli.runJson('key', 'revoke', typed)).toEqual({ id: key.id, revoked: true })
  expect(await cli.run('key', 'revoke', key.apiKey.replace(/^(ifn_).../, '$1000'))).toMatchObject({
    ...{ code: 2, stdout: '' },
    stderr: expect.not.stringContaining(key.apiKey.slice(31)),
  })
  expect((await cli.run('key', 'revoke', 'key_none')).stderr).toContain('"key list"')
  const { partnerId: fir } = await cli.runJson<{ partnerId: string }>('partner', 'create', 'Fir')
  expect((await cli.run('partner', 'create', 'Fir', '--json')).stderr).toContain(fir)
  expect((await cli.run('key', 'list', 'spruce')).stderr).toMatch(/no partner spruce.*\n {2}Spruce Ltd \(partner_/)
  // As they are in a database of before.
  await cli.runJson('partner', 'create', 'Fir of before')
  const rename = "UPDATE partners SET name = 'Fir' WHERE name = 'Fir of before'"
  onFile(join(cli.path, 'notifier.db'), file => file.exec(rename))
  const unclear = await cli.run('partner', 'disable', 'Fir', '--lang', 'zh')
  expect(unclear).toMatchObject({ code: 2, stderr: expect.stringMatching(/多个.*\n {2}Fir \(.*\n {2}Fir \(/) })
})

test('a token is created, listed without its text, and revoked', async () => {
  await using cli = await openCli()
  const create = ['admin-token', 'create', '值班 Zoë', '--role', 'operate']
  const { token, ...created } = await cli.runJson<{ id: string; token: string }>(...create)
  expect(token).toMatch(/^ifnadmin_\w/)
  expect(created).toMatchObject({ name: '值班 Zoë', role: 'operate', expiresAt: null })
  expect(created.id).toMatch(/^token_/)
  expect(await cli.runJson('admin-token', 'list')).toEqual({ data: [created], nextCursor: null })
  expect(await cli.runJson('admin-token', 'revoke', created.id)).toEqual({ id: created.id, revoked: true })
  const { stdout } = await cli.run('admin-token', 'list', '--lang', 'zh')
  expect(stdout).toContain('值班 Zoë')
  expect(stdout).toContain('已吊销')
})

test('admin-token says everything that is wrong', async () => {
  await using cli = await openCli()
  const { code, stdout, stderr } = await cli.run('admin-token', 'create', ' ', '--role', 'root', '--expires', 'soon')
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(/--role.*\n--expires.*\nNAME/)
  expect(await cli.run('admin-token', 'revoke', 'token_none')).toMatchObject({ code: 2, stdout: '' })
})
