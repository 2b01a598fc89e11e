import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { eventually } from '../support/api-client.ts'
import type { ReceiverStep } from '../support/receiver.ts'
import { runCli } from '../support/run-cli.ts'
import { MARKERS, openCanaryScene, VERDICT } from './support/scene.ts'

/** A text as it may come to light: as it is, escaped, encoded, or in another alphabet. */
const spellingsOf = (text: string): string[] => {
  const bytes = Buffer.from(text)
  return [
    ...new Set([text, encodeURIComponent(text), bytes.toString('base64').replace(/=+$/, ''), bytes.toString('hex')]),
  ]
}

const findIn = (text: string, secrets: Readonly<Record<string, string>>): string[] =>
  Object.entries(secrets).flatMap(([name, secret]) =>
    spellingsOf(secret).some(one => text.includes(one)) ? [name] : [],
  )

/** Everything that can go wrong, once. */
const FAULTS: ReceiverStep[] = [
  { status: 500, body: MARKERS.excerpt },
  { fault: 'reset', body: MARKERS.excerpt },
  { raw: `SSH-2.0-${MARKERS.excerpt}\r\n` },
  { redirect: `http://127.0.0.1/${MARKERS.path}`, body: MARKERS.excerpt },
]

const runAll = async () => {
  const stack = new AsyncDisposableStack()
  const masterKey = randomBytes(32).toString('base64')
  const scene = stack.use(
    await openCanaryScene(masterKey, { RETRY_SCHEDULE: '20ms,20ms,20ms,20ms,20ms', RETENTION: '1s' }),
  )
  const { addPartner, admin, receiver, upstream, callbackUrl, service } = scene
  const [partner, other] = [await addPartner('first'), await addPartner('other')]
  const { api } = partner
  const strangersAnswers: string[] = []
  const asStranger = async (method: string, path: string, body?: unknown) => {
    const answer = await other.api.call(method, path, body)
    strangersAnswers.push(JSON.stringify(answer.body), JSON.stringify([...answer.headers]))
  }

  receiver.plan(`/${MARKERS.path}`, FAULTS)
  receiver.trust([partner.signingSecret])
  upstream.script(MARKERS.serial, {
    ...VERDICT,
    steps: [
      { http: 200 },
      { fault: 'reset' },
      { code: 4040, msg: MARKERS.message },
      { code: 4061 },
      { body: `{"code":2,"msg":"${MARKERS.message}","result":{"status":"${MARKERS.message}` },
      { http: 500 },
      { status: 'ING' },
    ],
  })
  const registering = {
    idcardid: MARKERS.serial,
    callbackUrl,
    metadata: { [MARKERS.metadataKey]: MARKERS.metadata },
  }
  const { id } = await api.register(registering)
  // Mistakes of a caller, with secret texts in each part.
  await api.call('POST', '/v1/registrations', { ...registering, callbackUrl: `ftp://${MARKERS.path}` })
  await api.call('POST', '/v1/registrations', { ...registering, unknown: MARKERS.metadata })
  await api.call('GET', `/v1/registrations/${MARKERS.serial}?x=${MARKERS.query}`)
  await api.call('GET', `/v1/${MARKERS.path}?key=${partner.apiKey}`)
  await api.call('POST', '/v1/callbacks/test', { callbackUrl })
  const [contactKey, contactSecret] = [randomBytes(18).toString('hex'), randomBytes(24).toString('base64')]
  const contact = { url: receiver.urlFor(`/${contactKey}`), secret: `whsec_${contactSecret}` }
  receiver.plan(`/${contactKey}`, [404, 200])
  const shown = [await api.call('PUT', '/v1/contact', contact), await api.call('POST', '/v1/contact/test')]
  expect(shown.map(({ status }) => status)).toEqual([200, 200])
  await asStranger('GET', '/v1/contact')
  await fetch(`${service.url}/v1/registrations`, { headers: { authorization: `Bearer ${partner.apiKey}x` } })
  await fetch(`${service.url}/v1/admin/partners`, { headers: { authorization: `Bearer ${MARKERS.adminToken}x` } })
  await asStranger('POST', '/v1/registrations', { idcardid: MARKERS.serial, callbackUrl: receiver.urlFor('/thief') })
  for (const path of ['', '/attempts', '/explain']) await asStranger('GET', `/v1/registrations/${id}${path}`)
  for (const verb of ['poll', 'resend']) await asStranger('POST', `/v1/registrations/${id}/${verb}`)
  await asStranger('DELETE', `/v1/registrations/${id}`)
  await asStranger('GET', '/v1/registrations')
  await asStranger('GET', '/v1/events')

  // Some of these answers pause the account, or put the next call off for minutes.
  const hurry = async () => {
    await admin.resume(scene.env.IHUYI_ACCOUNT ?? '')
    await api.poll(id)
    return api.find(id)
  }
  await eventually(hurry, ({ status }) => status === 'failed')
  await api.until(id, ({ delivery }) => delivery.state === 'delivered')
  const { body: rotated } = await api.call<{ secret: string }>('POST', '/v1/signing-secrets/rotate', {})
  await asStranger('GET', '/v1/signing-secrets')
  await asStranger('GET', '/v1/events')
  const ready = await (await fetch(`${service.url}/readyz`)).text()
  return {
    ...scene,
    id,
    partner,
    masterKey,
    strangersAnswers,
    ready,
    secrets: {
      ...MARKERS,
      apiKey: partner.apiKey.slice(-24),
      signingSecret: partner.signingSecret.slice(6),
      rotatedSecret: rotated.secret.slice(6),
      ...{ contactKey, contactSecret },
      masterKey: masterKey.replace(/=+$/, ''),
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

describe('O10 markers in everything sensitive, over a full run with errors at LOG_LEVEL=trace', () => {
  test('none is in the log, in /readyz, in another partner’s answers, or where it must be sealed', async () => {
    await using run = await runAll()
    const { service, secrets, strangersAnswers, ready, folder } = run
    service.kill('SIGTERM')
    expect((await service.exited).code).toBe(0)
    const { stdout, stderr } = service.texts
    const events = new Set(
      stdout
        .trim()
        .split('\n')
        .map(line => (JSON.parse(line) as { event: string }).event),
    )
    for (const event of ['delivery.attempted', 'request.answered', 'callback.refused']) expect(events).toContain(event)
    expect(findIn(stdout + stderr, secrets)).toEqual([])
    expect(stderr).toBe('')
    expect(findIn(ready, secrets)).toEqual([])
    expect(findIn(strangersAnswers.join('\n').replaceAll(`"idcardid":"${MARKERS.serial}"`, ''), secrets)).toEqual([])

    const { metadata, metadataKey, message, livingScore, similarity } = secrets
    const { upstreamKey, adminToken, metricsToken } = secrets
    const { apiKey, signingSecret, rotatedSecret, masterKey, contactKey, contactSecret } = secrets
    const sealed = { metadata, metadataKey, message, livingScore, similarity, upstreamKey, adminToken, metricsToken }
    const never = { ...sealed, apiKey, signingSecret, rotatedSecret, masterKey, contactKey, contactSecret }
    const files = readdirSync(folder).filter(name => name.startsWith('notifier.db'))
    expect(files).toContain('notifier.db')
    for (const file of files)
      expect(findIn(readFileSync(join(folder, file), 'latin1'), latin1Of(never)), file).toEqual([])
  })

  test('O11 the database, its WAL and its key are readable by their owner only, under umask 000', async () => {
    await using scene = await openCanaryScene('')
    const { api } = await scene.addPartner('first')
    await api.register({ idcardid: 'serial', callbackUrl: scene.callbackUrl })
    const files = readdirSync(scene.folder)
    expect(files).toEqual(
      expect.arrayContaining(['notifier.db', 'notifier.db-wal', 'notifier.db-shm', 'notifier.db.key']),
    )
    for (const file of files)
      expect([file, (statSync(join(scene.folder, file)).mode & 0o777).toString(8)]).toEqual([file, '600'])
  })

  test('what the commands print, errors included, names no marker', async () => {
    await using run = await runAll()
    const { folder: cwd, env, secrets } = run
    const printed = await Promise.all(
      [
        ['partner', 'list', '--json'],
        ['key', 'revoke', `key_${MARKERS.serial}`],
        ['partner', 'disable', MARKERS.metadata],
        ['prune'],
        ['rekey'],
      ].map(async args => {
        const { stdout, stderr } = await runCli(args, { cwd, env })
        return (stdout + stderr).replaceAll(`key_${MARKERS.serial}`, '').replaceAll(MARKERS.metadata, '')
      }),
    )
    expect(findIn(printed.join('\n'), secrets)).toEqual([])
  })
})

/** The bytes of each text as a file read as latin1 shows them. */
const latin1Of = (texts: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, Buffer.from(text).toString('latin1')]))
