import { describe, expect, test, vi } from 'vitest'
import type { Words } from '../../src/core/language.ts'
import { signInPage } from '../../src/http/console/signing-in.ts'
import { openCli } from '../support/open-cli.ts'
import { runCli } from '../support/run-cli.ts'
import { openFolder, spawnCli } from '../support/service.ts'

// Each starts node several times, which takes its time on a machine that is busy with other tests.
vi.setConfig({ testTimeout: 60_000 })

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

type Created = { partnerId: string; name: string; apiKey: string; signingSecret: string }

describe.concurrent('partner', () => {
  test('create shows the key and the secret once, as JSON or as lines to paste into a shell', async () => {
    await using cli = await openCli()
    const created = await cli.runJson<Created>('partner', 'create', '云杉 Ltd')
    expect(created).toEqual({
      partnerId: expect.stringMatching(/^\w+_[0-9A-Z]{26}$/),
      name: '云杉 Ltd',
      apiKey: expect.stringMatching(/^\S{30,}$/),
      signingSecret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/),
    })
    const { code, stdout } = await cli.run('partner', 'create', 'second')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Created second \(partner_[0-9A-Z]{26}\)\. /)
    expect(stdout.match(/^ {2}export .*$/gm)).toEqual([
      '  export NOTIFIER_URL=http://127.0.0.1:8080',
      expect.stringMatching(/^ {2}export API_KEY=ifn_\S{30,}$/),
      expect.stringMatching(/^ {2}export WEBHOOK_SECRET=whsec_\S{32,}$/),
    ])
  })

  test('create refuses a name that there is, and says whose it is', async () => {
    await using cli = await openCli()
    const { partnerId } = await cli.runJson<Created>('partner', 'create', 'one')
    const { code, stdout, stderr } = await cli.run('partner', 'create', 'one')
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(partnerId)
    expect((await cli.runJson<{ data: object[] }>('partner', 'list')).data).toHaveLength(1)
  })

  test('list, disable and enable tell the same story', async () => {
    await using cli = await openCli()
    const { partnerId: id } = await cli.runJson<Created>('partner', 'create', 'one')
    await cli.runJson('partner', 'create', 'two')
    expect(await cli.runJson('partner', 'disable', id)).toMatchObject({ id, disabled: true })
    const { data } = await cli.runJson<{ data: object[] }>('partner', 'list')
    expect(data).toMatchObject([
      { id, name: 'one', disabled: true, createdAt: expect.stringMatching(ISO) },
      { name: 'two', disabled: false },
    ])
    expect(await cli.runJson('partner', 'enable', id)).toMatchObject({ id, disabled: false })
    const table = await cli.run('partner', 'list')
    expect(table.stdout).toMatch(/one.*no/)
    const chinese = await cli.run('partner', 'list', '--lang', 'zh')
    expect(chinese.stdout).toMatch(/名称 +已停用 +创建时间[\s\S]*时间：北京时间/)
  })
})

describe.concurrent('key', () => {
  test('create, list and revoke keep to their shapes', async () => {
    await using cli = await openCli()
    const { partnerId } = await cli.runJson<Created>('partner', 'create', 'one')
    const key = await cli.runJson<{ id: string; apiKey: string }>('key', 'create', partnerId)
    expect(key).toMatchObject({ id: expect.any(String), apiKey: expect.stringMatching(/^\S{30,}$/) })
    expect(await cli.runJson('key', 'revoke', key.id)).toMatchObject({ id: key.id, revoked: true })
    const listed = await cli.runJson<{ data: object[]; nextCursor: null }>('key', 'list', partnerId)
    expect(listed.nextCursor).toBeNull()
    expect(listed.data).toHaveLength(2)
    for (const one of listed.data)
      expect(one).toMatchObject({ createdAt: expect.stringMatching(ISO), lastUsedAt: null })
    expect(listed.data).toContainEqual(expect.objectContaining({ id: key.id, revoked: true }))
    expect(listed.data).toContainEqual(expect.objectContaining({ revoked: false }))
  })
})

test.concurrent.each(['en', 'zh'] as const)(
  'the hint of the sign-in page makes a token as it stands: %s',
  async lang => {
    await using cli = await openCli()
    const reader = { language: lang, session: null, t: (words: Words) => words[lang], to: (path: string) => path }
    const [, call, typed = ''] =
      /(npm run -s cli --|idface-notifier) ([\w -]+)/.exec(String(await signInPage(reader).body)) ?? []
    // The tests run from a clone.
    expect(call).toBe('npm run -s cli --')
    expect(await cli.runJson('admin-token', ...typed.trim().split(' ').slice(1))).toMatchObject({
      token: expect.any(String),
    })
  },
)

describe.concurrent('to a reader that has ended, as head does,', () => {
  test.each([
    [['--help'], 0],
    [['doctor', '--offline'], 1],
  ] as const)('%j ends without a word, as it would have otherwise', async (args, code) => {
    await using folder = await openFolder()
    await using command = spawnCli(args, { cwd: folder.path })
    command.hangUp()
    expect(await command.exited).toMatchObject({ code, signal: null })
    expect(command.texts.stderr).toBe('')
  })
})

describe.concurrent('a mistake', () => {
  test.each([
    { args: ['servve'], says: /servve/ },
    { args: ['partner', 'create'], says: /name/i },
    { args: ['partner', 'list', '--jsn'], says: /--jsn/ },
    { args: ['simulate', '--port', '99999'], says: /65535/ },
    { args: ['partner', 'create', ' '], says: /NAME/ },
    { args: ['partner', 'disable', 'ptn_nobody'], says: /ptn_nobody.*partner list/ },
    { args: ['key', 'revoke', 'key_nothing'], says: /no key with this id/ },
    { args: ['key', 'revoke', 'key_nothing', '--lang', 'zh'], says: /没有该 id 对应的密钥/ },
    { args: ['partner', 'crate', '--lang', 'zh'], says: /没有命令 crate，是否想用 create？/ },
    { args: ['partner', 'list', '--lang', 'fr'], says: /--lang must be one of zh, en/ },
    { args: ['restore'], says: /'FILE'[\s\S]*idface-notifier restore --help/ },
    {
      args: ['account', 'create', 'C 1', '--rate', 'x', '--jsn', '--lang', 'zh'],
      says: /--rate 须为.*\n缺少选项 --api-key-file.*\n.*--jsn，是否想用 --json？\nAPIID 须为/,
    },
  ])('in $args ends with 2 and an explanation on stderr', async ({ args, says }) => {
    await using cli = await openCli()
    const { code, stdout, stderr } = await cli.run(...args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(says)
    expect(stderr).not.toMatch(/^\s+at /m)
  })

  test('in the settings is printed with all others at once', async () => {
    await using folder = await openFolder()
    const env = {
      DATABASE_URL: 'mysql://localhost/x',
      POLL_MIN_INTERVAL: '5 minutes',
      CALLBACK_TIMOUT: '5s',
      RETRY_SCHEDULE: '5s,never',
      PORT: '123456',
      IHUYI_API_KEY_FILE: '/does/not/exist',
      ADMIN_TOKEN: 'too-short',
    }
    const { code, stdout, stderr } = await runCli(['serve'], { cwd: folder.path, env })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    const lines = stderr.trimEnd().split('\n')
    for (const name of [...Object.keys(env), 'IHUYI_ACCOUNT'])
      expect(lines.filter(line => line.startsWith(`${name}: `))).toHaveLength(1)
    expect(lines).toHaveLength(8)
    expect(stderr).toMatch(/CALLBACK_TIMOUT: .*CALLBACK_TIMEOUT/)
    expect(stderr).not.toContain('too-short')
  })
})
