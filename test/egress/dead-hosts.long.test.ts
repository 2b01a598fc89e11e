import { describe, expect, test } from 'vitest'
import type { Ended, Scenes } from './inside/dead-hosts.ts'
import { obstacle, runInside } from './support/namespace.ts'

const play = <Name extends keyof Scenes>(name: Name) => runInside<Scenes[Name]>('dead-hosts', { args: [name] })

const p99 = (sent: readonly Ended[]): number =>
  sent.map(({ durationMs }) => durationMs).sort((a, b) => a - b)[Math.floor(sent.length * 0.99)] ?? Number.NaN

const endsOf = (sent: readonly Ended[]) => new Set(sent.map(({ end }) => end))

describe.concurrent('hosts that swallow what is sent to them: in a network namespace, over a cable that leads nowhere', () => {
  test('R2 a dropped SYN ends in five seconds, and a healthy host does not notice', async context => {
    if (obstacle !== null) return context.skip(obstacle)
    const { dead, healthy } = await play('swallowed')
    expect(endsOf(dead)).toEqual(new Set(['connect_timeout']))
    for (const { durationMs } of dead) expect(durationMs).toBeLessThan(10_000)
    expect(endsOf(healthy)).toEqual(new Set(['200']))
    expect(healthy.length).toBeGreaterThan(100)
    expect(p99(healthy)).toBeLessThan(1_000)
  })

  test('R23 a dead address, IPv6 or IPv4, costs at most a moment where another works', async context => {
    if (obstacle !== null) return context.skip(obstacle)
    const ends = await play('halfDead')
    expect(ends).toHaveLength(3)
    for (const { name, end, durationMs } of ends) {
      expect(end, name).toBe('200')
      expect(durationMs, name).toBeLessThan(1_500)
    }
  })

  test('N5 M15 three hundred names whose servers are silent do not hold up a healthy one', async context => {
    if (obstacle !== null) return context.skip(obstacle)
    const { dead, healthy } = await play('blackHoleNames')
    expect(endsOf(dead)).toEqual(new Set(['dns']))
    for (const { durationMs } of dead) expect(durationMs).toBeLessThan(10_000)
    expect(endsOf(healthy)).toEqual(new Set(['200']))
    expect(healthy.length).toBeGreaterThan(50)
    expect(p99(healthy)).toBeLessThan(1_000)
  })

  test('M14 three thousand callback hosts leave no more than a bounded number of connections open', async context => {
    if (obstacle !== null) return context.skip(obstacle)
    const { failed, open } = await play('manyHosts')
    expect(failed).toBe(0)
    expect(open).toBeLessThanOrEqual(1_124)
  })
})
