import { expect, test } from 'vitest'
import { createProxyWatch } from '../../src/callback/proxy-watch.ts'
import { MINUTE, SECOND } from '../../src/core/duration.ts'

const openScene = () => {
  const told: unknown[] = []
  let at = 0
  const watch = createProxyWatch(() => at, { failing: failure => told.push(failure), back: () => told.push('back') })
  return {
    told,
    after: (ms: number) => {
      at += ms
    },
    opened: watch.opened,
    /** Whose failure it was. */
    failed: (host: string, error: 'proxy' | 'proxy_down' = 'proxy') =>
      watch.failed(host, { error, detail: '502' }).error,
  }
}

test('a host that fails is to blame once another one has been served since, and lately', () => {
  const { after, opened, failed } = openScene()
  opened('good')
  after(1)
  expect(failed('dead')).toBe('proxy_down')
  after(1)
  opened('good')
  after(MINUTE)
  expect(failed('dead')).toBe('proxy')
  after(2 * MINUTE)
  expect(failed('dead')).toBe('proxy_down')
})

test('is told at once where it is certain, and once until it is over', () => {
  const { told, after, opened, failed } = openScene()
  for (let n = 0; n < 5; n++) failed('a', 'proxy_down')
  expect(told).toEqual([{ error: '502', hosts: 1 }])
  opened('a')
  opened('b')
  expect(told).toEqual([{ error: '502', hosts: 1 }, 'back'])
  failed('a', 'proxy_down')
  expect(told).toHaveLength(2)
  after(MINUTE)
  failed('a', 'proxy_down')
  expect(told).toHaveLength(3)
})

test('is told after a few failures of several hosts; of one, which may be down, when it goes on', () => {
  const several = openScene()
  several.failed('a')
  several.failed('b')
  several.after(2 * SECOND)
  expect(several.told).toEqual([])
  several.failed('a')
  expect(several.told).toEqual([{ error: '502', hosts: 2 }])

  const one = openScene()
  for (let n = 0; n < 60; n++) {
    one.failed('a')
    one.after(SECOND)
  }
  expect(one.told).toEqual([])
  one.failed('a')
  expect(one.told).toEqual([{ error: '502', hosts: 1 }])
})

test('more dead hosts than are remembered used up no retry for ever: they count while another host is served', () => {
  const { after, opened, failed } = openScene()
  const failEach = () => Array.from({ length: 1_100 }, (_, n) => failed(`dead${n}`))
  failEach()
  after(1)
  opened('good')
  after(1)
  expect(new Set(failEach())).toEqual(new Set(['proxy']))
  after(2 * MINUTE)
  expect(new Set(failEach())).toEqual(new Set(['proxy_down']))
})
