import { expect, test } from 'vitest'
import { openStage } from '../e2e/stage.ts'

test('M6: the same pair 50 times in parallel, each with other metadata, is one registration, as the first said', async () => {
  await using stage = await openStage({ API_RATE: '100000' })
  const { api, receiver, upstream } = stage
  upstream.setDefault({ status: 'ING' })
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      api.call<{ id: string; metadata: Record<string, string> }>('POST', '/v1/registrations', {
        idcardid: 'once',
        callbackUrl: receiver.urlFor('/once'),
        metadata: { n: String(n) },
      }),
    ),
  )
  const [first, ...others] = answers.toSorted((a, b) => b.status - a.status)
  expect(first?.status).toBe(201)
  expect(others.map(({ status }) => status)).toEqual(Array(49).fill(200))
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
  expect(others.every(({ body }) => body.metadata.n === first?.body.metadata.n)).toBe(true)
})
