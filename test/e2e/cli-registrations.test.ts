import { expect, test, vi } from 'vitest'
import { createAdminClient, createApiClient, eventually } from '../support/api-client.ts'
import { runCli } from '../support/run-cli.ts'
import { ADMIN_TOKEN, openService } from '../support/service.ts'
import { openScene } from './stage.ts'

vi.setConfig({ testTimeout: 120_000 })

interface ListJson {
  data: { id: string; partnerId: string; idcardid: string; status: string }[]
  nextCursor: string | null
}

/** A service with two partners, and commands beside it. */
const openOffice = async () => {
  await using stack = new AsyncDisposableStack()
  const scene = stack.use(await openScene({ RETRY_SCHEDULE: '50ms' }))
  const { env, folder, receiver, upstream } = scene
  const service = stack.use(await openService(env))
  const admin = createAdminClient(service.url, ADMIN_TOKEN)
  const addPartner = async (name: string) => {
    const created = await admin.createPartner(name)
    return { ...created, name, api: createApiClient(service.url, created.apiKey) }
  }
  const [first, second] = [await addPartner('first'), await addPartner('second')]
  receiver.trust([first.signingSecret, second.signingSecret])
  const run = (...args: string[]) => runCli(args, { cwd: folder, env })
  const runJson = async <T>(...args: string[]): Promise<T> => {
    const { code, stdout, stderr } = await run(...args, '--json')
    if (code !== 0) throw new Error(`exit ${code}: ${stderr}`)
    return JSON.parse(stdout) as T
  }
  const opened = stack.move()
  return { upstream, receiver, first, second, run, runJson, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

test('registration list and explain find out why, for every partner', async () => {
  await using office = await openOffice()
  const { upstream, receiver, first, second, run, runJson } = office
  upstream.script('passes', { status: 'SUCCESS' })
  receiver.plan('/down', [500, 500])
  const done = await first.api.register({ idcardid: 'passes', callbackUrl: receiver.urlFor('/down') })
  const waiting = await second.api.register({ idcardid: 'waits', callbackUrl: receiver.urlFor('/hook') })
  await eventually(
    () => first.api.find(done.id),
    ({ delivery }) => delivery.state === 'exhausted',
  )

  const disable = (url: string) => runJson('callback', 'disable', url, '--partner', 'second')
  expect(await disable(receiver.urlFor('/hook'))).toEqual({ disabled: true, isRegistered: true })
  await runJson('callback', 'enable', receiver.urlFor('/hook'), '--partner', 'second')

  const all = await runJson<ListJson>('registration', 'list')
  expect(all.data.map(({ id }) => id)).toEqual([waiting.id, done.id])
  expect(all.nextCursor).toBeNull()
  const page = await runJson<ListJson>('registration', 'list', '--limit', '1')
  expect(page).toMatchObject({ data: [{ id: waiting.id }], nextCursor: expect.any(String) })
  const rest = await runJson<ListJson>('registration', 'list', '--cursor', page.nextCursor ?? '')
  expect(rest.data.map(({ id }) => id)).toEqual([done.id])
  for (const filter of [
    ['--partner', first.partnerId],
    ['--partner', 'first'],
    ['--status', 'succeeded'],
    ['--serial', 'passes'],
    ['--delivery', 'exhausted', '--since', '1h'],
    ['--delivery', 'exhausted', '--since', '999999999d'],
  ])
    expect((await runJson<ListJson>('registration', 'list', ...filter)).data).toMatchObject([{ id: done.id }])
  expect((await runJson<ListJson>('registration', 'list', '--until', '1h')).data).toEqual([])
  const table = await run('registration', 'list', '--lang', 'zh')
  expect(table.stdout).toMatch(
    /流水号.*创建时间\n.* waits +second \(partner_\w+\) +等待中[\s\S]* passes +first .* 通过 +已放弃（2 次）[\s\S]*时间：北京时间/,
  )

  const disabled = await run('callback', 'disable', receiver.urlFor('/down'), '--partner', 'first')
  expect({ code: disabled.code, stderr: disabled.stderr }).toEqual({ code: 0, stderr: '' })

  const why = await runJson<{ data: object[] }>('explain', 'waits')
  expect(why.data).toMatchObject([{ partnerId: second.partnerId, registrationId: waiting.id, language: 'en' }])
  const chinese = await run('explain', done.id, '--lang', 'zh')
  expect(chinese.stdout).toMatch(
    /流水号 passes，由 first \(partner_\w+\) 于北京时间 .* 登记\n {2}\p{Script=Han}+（北京时间 /u,
  )

  for (const args of [
    ['explain', 'nobody'],
    ['explain', 'reg_01K9Z3N5T8V2X4B6D7F9G1H3J5'],
    ['registration', 'list', '--account', 'C9'],
    ['registration', 'list', '--partner', 'nope'],
  ])
    expect(await run(...args)).toMatchObject({ code: 2, stdout: '' })
  const wrong = await run('registration', 'list', '--status', 'gone', '--limit', '0', '--since', 'today')
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringMatching(/--status.*\n--limit.*\n--since/) })
})

test('resend sends one webhook again, or all that were given up since then', async () => {
  await using office = await openOffice()
  const { upstream, receiver, first, run, runJson } = office
  upstream.script('passes', { status: 'SUCCESS' })
  receiver.plan('/down', [500, 500, 500, 500])
  const waiting = await first.api.register({ idcardid: 'waits', callbackUrl: receiver.urlFor('/hook') })
  const { id } = await first.api.register({ idcardid: 'passes', callbackUrl: receiver.urlFor('/down') })
  const until = (attempts: number, state: string) =>
    eventually(
      () => first.api.find(id),
      ({ delivery }) => delivery.state === state && delivery.attempts === attempts,
    )
  await until(2, 'exhausted')
  expect(await runJson('resend', id)).toMatchObject({ registrationId: id, partnerId: first.partnerId })
  await until(4, 'exhausted')
  expect(await runJson('resend', '--all-partners', '--since', '1h')).toMatchObject({ count: 1 })
  await until(5, 'delivered')
  expect(await runJson('resend', '--partner', 'second', '--since', '1h')).toMatchObject({ count: 0 })
  expect(await run('resend', waiting.id, '--lang', 'zh')).toMatchObject({
    ...{ code: 2, stdout: '', stderr: expect.stringContaining('尚无回调可重发') },
  })
})
