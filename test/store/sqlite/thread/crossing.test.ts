import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { AppError, StartError } from '../../../../src/core/error.ts'
import { Secret } from '../../../../src/core/secret.ts'
import { packError, unpackError } from '../../../../src/store/sqlite/thread/errors.ts'
import { openRemoteStore } from '../../../../src/store/sqlite/thread/remote-store.ts'
import { databaseErrorOf, unavailableBy } from '../../../../src/store/unavailable.ts'
import { describeError } from '../../../../src/telemetry/describe-error.ts'
import { createLog } from '../../../../src/telemetry/log.ts'
import { claimedOf, first, SUCCESS } from '../../../support/store.ts'
import { both } from '../../../support/words.ts'
import { newPath, openFileBench } from '../../support/files.ts'
import { failureOf } from '../../support/remote.ts'

describe('errors', () => {
  class SqliteError extends Error {
    override readonly name = 'SqliteError'
    readonly code = 'SQLITE_CONSTRAINT_UNIQUE'
  }
  const cross = (error: unknown) => unpackError(structuredClone(packError(error)))

  test('of ours keep class, code, words, fields and when to try again', () => {
    const errors = [{ path: 'idcardid', message: { en: 'has to be there', zh: '必须有' } }]
    const error = new AppError(
      'invalid_body',
      { en: 'some fields are wrong', zh: '有些字段不对' },
      { errors, retryAfterMs: 1_500 },
    )
    const crossed = cross(error)
    expect(crossed).toBeInstanceOf(AppError)
    expect({ ...crossed }).toEqual({ ...error })
    expect([crossed.message, crossed.stack]).toEqual([error.message, error.stack])
    expect(cross(new AppError('conflict', both('there is one')))).toMatchObject({ errors: [], retryAfterMs: null })
  })

  test.each([
    new Error('MASTER_KEY is not the key'),
    new TypeError('that is no function'),
    new SyntaxError('which quotes what it read'),
    Object.assign(new Error('EACCES: permission denied, /var/lib'), { code: 'EACCES', errno: -13 }),
    new SqliteError('UNIQUE constraint failed'),
    new Error('Failed query: a row', { cause: new SqliteError('UNIQUE constraint failed') }),
    Object.assign(new RangeError('too long'), { code: 'ERR_OUT_OF_RANGE' }),
    unavailableBy('SQLITE_FULL', 'full'),
    new StartError({ en: 'put the key back', zh: '请放回密钥' }),
  ])('read as they would where they were thrown: $name', error => {
    expect(describeError(cross(error))).toEqual(describeError(error))
    expect(databaseErrorOf(cross(error))).toBe(databaseErrorOf(error))
  })
})

describe('crossing', () => {
  test('secrets are secrets on both sides, and no log shows them', async () => {
    await using bench = await openFileBench(newPath(), { open: openRemoteStore })
    const { store, partnerId } = bench
    await bench.register()
    const { claims } = await bench.claimWith()
    const [claim] = claims
    expect(claim?.account.apiKey).toBeInstanceOf(Secret)
    expect(claim?.account.apiKey.reveal()).toBe('upstream-key')

    const text = new Secret('whsec_MARKER')
    await store.rotateSigningSecret(partnerId, { id: 'sec_2', type: 'v1', text }, 60_000)
    const live = await store.liveSecrets(partnerId)
    expect(live.every(secret => secret instanceof Secret)).toBe(true)
    expect(live.map(secret => secret.reveal())).toContain('whsec_MARKER')
    await bench.store.settleVerifications([bench.answered(first(claimedOf({ claims })), SUCCESS)])
    const claimed = await bench.claimMessagesWith()
    expect(claimed.secrets.get(partnerId)?.map(secret => secret.reveal())).toContain('whsec_MARKER')

    const lines: string[] = []
    const log = createLog({ level: 'info', destination: { write: line => void lines.push(line) }, now: Date.now })
    log({ name: 'it.crossed', level: 'info', fields: { live, claims, secrets: [...claimed.secrets] } })
    const shown = lines.join('') + inspect([live, claims, claimed], { depth: 9 }) + JSON.stringify([live, claims])
    expect(shown).toContain('[redacted]')
    expect(shown).not.toMatch(/MARKER|upstream-key/)
  })

  test('an uncloneable value fails alone', async () => {
    await using bench = await openFileBench(newPath(), { open: openRemoteStore })
    const wrong = failureOf(bench.store.createKey(bench.partnerId, { id: () => 'key_1' } as never))
    const after = bench.store.findPartner(bench.partnerId)
    expect(await wrong).toMatchObject({ name: 'DataCloneError' })
    expect(await after).toMatchObject({ id: bench.partnerId })
  })

  test('hints come before the outcome of their cause', async () => {
    await using bench = await openFileBench(newPath(), { open: openRemoteStore })
    let told: unknown[] = []
    for (const name of ['verificationsDue', 'resolved', 'messagesDue'] as const)
      bench.store.hints.on(name, (...args: unknown[]) => told.push([name, ...args]))
    const { id } = await bench.register()
    expect(told).toContainEqual(['verificationsDue'])
    const claimed = first(await bench.claim())
    told = []
    await bench.store.settleVerifications([bench.answered(claimed, SUCCESS)]).then(() => told.push('settled'))
    expect(told).toEqual(expect.arrayContaining([['resolved', [id]], ['messagesDue']]))
    expect(told.at(-1)).toBe('settled')
  })
})
