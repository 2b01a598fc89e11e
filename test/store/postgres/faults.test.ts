import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { MINUTE } from '../../../src/core/duration.ts'
import { Secret } from '../../../src/core/secret.ts'
import { TIME_LIMITS } from '../../../src/store/postgres/pool.ts'
import { openDatabaseLink } from '../../support/database-link.ts'
import { openOwnServer } from '../../support/postgres.ts'
import { openPostgresBench, useDatabase } from '../../support/postgres-server.ts'
import { SHORT_LIMITS } from '../../support/short-limits.ts'
import { first, SUCCESS } from '../../support/store.ts'

const { server, database } = useDatabase({ template: true })

/** A node with a clock of its own, and the database's for all decisions. */
const openNode = async ({ url = database.url, aheadMs = 0, limits = TIME_LIMITS } = {}) => {
  const bench = await openPostgresBench(url, { now: () => Date.now() + aheadMs, limits })
  onTestFinished(() => bench.store.close())
  return bench
}

/** As if they had been given out a minute earlier. */
const endLeases = async () => {
  for (const table of ['verifications', 'deliveries', 'lanes'])
    await database.query(`UPDATE ${table} SET due_at = due_at - $1`, [MINUTE])
  await database.query('UPDATE deliveries SET leased_until = leased_until - $1', [MINUTE])
}

const unavailable = { code: 'unavailable' }

describe('nodes on PostgreSQL', () => {
  test.each([10 * MINUTE, -10 * MINUTE])(
    'C2, G9: leases go by the clock of the database, with a node %i ms ahead',
    async aheadMs => {
      const [node, astray] = [await openNode(), await openNode({ aheadMs })]
      await node.register()
      expect(await node.claim({ leaseMs: MINUTE })).toHaveLength(1)
      expect(Math.abs(astray.store.now() - Date.now())).toBeLessThan(500)
      expect(await astray.claim()).toEqual([])
      await endLeases()
      const [claimed] = await astray.claim()
      expect(await node.claim()).toEqual([])
      await astray.store.settleVerifications(claimed ? [astray.answered(claimed, SUCCESS)] : [])
      const { createdAt } = first(await node.claimMessages())
      expect(Math.abs(createdAt - Date.now())).toBeLessThan(5_000)
    },
  )

  test('G2: a registration whose COMMIT has lost its answer is there when it is made again', async () => {
    await using link = await openDatabaseLink(server)
    const node = await openNode({ url: link.urlOf(database.name) })
    const made = node.newRegistration()
    link.judge = sent => (sent.includes('COMMIT\0') ? 'lose answer' : 'pass')
    await expect(node.store.register([made])).rejects.toMatchObject(unavailable)
    link.judge = () => 'pass'
    const again = await node.store.register([{ ...made, id: node.newId('reg') }])
    expect(again).toMatchObject([{ outcome: 'existing', registration: { id: made.id } }])
  })

  test('G2: claims are withdrawn when a secret ends whose COMMIT has lost its answer', async () => {
    await using link = await openDatabaseLink(server)
    const node = await openNode({ url: link.urlOf(database.name) })
    const { partnerId, store } = node
    const [old] = await store.listSigningSecrets(partnerId)
    await store.rotateSigningSecret(
      partnerId,
      { id: node.newId('secret'), type: 'v1', text: new Secret('new') },
      10 * MINUTE,
    )
    const told: unknown[] = []
    store.hints.on('withdrawn', what => told.push(what))
    const end = () => store.endSigningSecret(partnerId, old?.id ?? '')
    link.judge = sent => (sent.includes('COMMIT\0') ? 'lose answer' : 'pass')
    await expect(end()).rejects.toMatchObject(unavailable)
    link.judge = () => 'pass'
    expect(await end()).toBe('ended')
    expect(told).toEqual([{ partnerId, registrationId: null }])
  })

  test('G3: another takes over the claims of a node cut off, whose late success counts once', async () => {
    await using link = await openDatabaseLink(server)
    const [cut, other] = [await openNode({ url: link.urlOf(database.name), limits: SHORT_LIMITS }), await openNode()]
    const { id } = await cut.resolve()
    const late = first(await cut.claimMessages({ leaseMs: MINUTE }))
    link.silence(true)
    await expect(cut.store.settleMessages([cut.received(late, 200)])).rejects.toMatchObject(unavailable)
    await endLeases()
    const again = first(await other.claimMessages({ leaseMs: MINUTE }))
    expect([again.registrationId, again.body]).toEqual([late.registrationId, late.body])
    link.heal()
    await cut.store.settleMessages([cut.received(late, 200)])
    expect(await cut.find(id)).toMatchObject({ delivery: { state: 'delivered' } })
    await endLeases()
    expect(await other.claimMessages()).toEqual([])
    await other.store.settleMessages([other.received(again, 200)])
    expect(await cut.find(id)).toMatchObject({ delivery: { state: 'delivered' } })
  })

  test('G13: a migration that other nodes run disturbs neither calls nor claims', async () => {
    const [node, other] = [await openNode(), await openNode()]
    let isMigrated = false
    const work = async () => {
      let ended = 0
      while (!isMigrated) {
        const { id } = await node.register()
        // A claim takes nothing of an account that somebody else has locked, or what is due a moment later by the database's clock.
        do {
          await node.poll(SUCCESS)
          await other.deliver(200)
        } while ((await node.find(id)).delivery.state !== 'delivered')
        ended++
      }
      return ended
    }
    const working = work()
    for (const table of [
      'registrations',
      'message_bodies',
      'deliveries',
      'verifications',
      'lanes',
      'accounts',
      'partners',
    ])
      await database.query(`ALTER TABLE ${table} ADD COLUMN of_a_later_version bigint`)
    await database.query('CREATE INDEX CONCURRENTLY later ON deliveries (of_a_later_version)')
    await openNode()
    isMigrated = true
    expect(await working).toBeGreaterThan(0)
  })
})

const mayMount = process.platform === 'linux' && process.getuid?.() === 0

/** A file system of so many MB that PostgreSQL may write; null: the reason why there is none. */
const mountSmall = (megabytes: number): { folder: string; unmount(): void } | null => {
  const folder = mkdtempSync(join(tmpdir(), 'notifier-small-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0777`, 'tmpfs', folder], { stdio: 'pipe' })
  } catch {
    rmSync(folder, { recursive: true })
    return null
  }
  return {
    folder,
    unmount: () => {
      execFileSync('umount', ['-l', folder])
      rmSync(folder, { recursive: true })
    },
  }
}

test('G8: with the disk of the database full, writes are refused and reads go on, until there is room', async context => {
  if (!mayMount) return context.skip('only root may mount a small disk')
  const small = mountSmall(64)
  if (!small) return context.skip('a small disk cannot be mounted here')
  await using own = await openOwnServer()
  try {
    const place = join(small.folder, 'tables')
    mkdirSync(place, { mode: 0o777 })
    chmodSync(place, 0o777)
    execFileSync('chown', ['nobody', place])
    await own.query(`CREATE TABLESPACE small LOCATION '${place}'`)
    await own.query('CREATE DATABASE small TABLESPACE small')
    const node = await openNode({ url: own.urlOf('small') })
    const { id } = await node.register()
    const ballast = join(small.folder, 'ballast')
    try {
      writeFileSync(ballast, Buffer.alloc(64 * 1024 * 1024))
    } catch {
      // All that there was is taken.
    }
    const fill = async () => {
      const many = Array.from({ length: 500 }, () => node.newRegistration({ metadata: { filling: 'x'.repeat(400) } }))
      for (;;)
        await node.store.register(many.map(one => ({ ...one, id: node.newId('reg'), idcardid: node.newId('s') })))
    }
    await expect(fill()).rejects.toThrow('its disk is full: 53100')
    expect(await node.find(id)).toMatchObject({ id, status: 'pending' })
    rmSync(ballast)
    await node.register()
    await node.store.close()
  } finally {
    small.unmount()
  }
})
