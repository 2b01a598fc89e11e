import { randomBytes } from 'node:crypto'
import { getTableConfig } from 'drizzle-orm/sqlite-core'
import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { createVault, SEALED, type SealedColumn, sealedUnder } from '../../src/store/sealed.ts'
import * as schema from '../../src/store/sqlite/schema.ts'
import { snakeCase } from '../../src/store/tx.ts'

const OLD = randomBytes(32)
const NEW = randomBytes(32)
const vault = createVault(randomBytes, OLD)
const sealed = sealedUnder({ masterKey: OLD }, randomBytes)
const VERDICT = { status: 'FAIL', message: 'no', livingScore: null, similarity: '12.5' } as const

describe('sealed columns', () => {
  test('opens as it was, in its own row', () => {
    const account = { apiId: 'api_1' }
    const secret = { partnerId: 'ptn_1', id: 'sec_1' }
    const serial = { partnerId: 'ptn_1', idcardid: '1' }
    const message = { partnerId: 'ptn_1', registrationId: 'reg_1' }
    const text = new Secret('text')
    expect(sealed.accountKey.open({ ...account, apiKey: sealed.accountKey.seal(account, text) }).reveal()).toBe('text')
    expect(sealed.signingSecret.open({ ...secret, secret: sealed.signingSecret.seal(secret, text) }).reveal()).toBe(
      'text',
    )
    expect(sealed.verdict.open({ ...serial, verdict: sealed.verdict.seal(serial, VERDICT) })).toEqual(VERDICT)
    const owner = { partnerId: 'ptn_1', id: 'reg_1' }
    const metadata = sealed.metadata.seal(owner, { order: '42' })
    expect(metadata).toBeInstanceOf(Buffer)
    expect(sealed.metadata.open({ ...owner, metadata })).toEqual({ order: '42' })
    expect(() => sealed.metadata.open({ ...owner, id: 'reg_2', metadata })).toThrow()
    expect(sealed.metadata.open({ ...owner, metadata: sealed.metadata.seal(owner, {}) })).toEqual({})
    const body = sealed.message.seal(message, '{"a":"认证"}')
    expect(sealed.message.open({ ...message, body })).toBe('{"a":"认证"}')
  })

  test('is decrypted once while its row does not change, and only for that row', () => {
    const [one, other] = [{ apiId: 'api_1' }, { apiId: 'api_2' }]
    const apiKey = sealed.accountKey.seal(one, new Secret('text'))
    const opened = sealed.accountKey.open({ ...one, apiKey })
    expect(sealed.accountKey.open({ ...one, apiKey: Buffer.from(apiKey) })).toBe(opened)
    expect(() => sealed.accountKey.open({ ...other, apiKey })).toThrow()
    const changed = sealed.accountKey.seal(one, new Secret('changed'))
    expect(sealed.accountKey.open({ ...one, apiKey: changed }).reveal()).toBe('changed')
    expect(() => sealedUnder({ masterKey: NEW }, randomBytes).accountKey.open({ ...one, apiKey })).toThrow()

    for (let i = 0; i < 9_000; i++) sealed.accountKey.open({ ...one, apiKey: changed })
    expect(sealed.accountKey.open({ ...one, apiKey })).toBe(opened)
    for (let i = 0; i < 10_000; i++) sealed.accountKey.open({ ...one, apiKey: changed })
    // Nobody has asked for it any more.
    expect(sealed.accountKey.open({ ...one, apiKey })).not.toBe(opened)
  })

  test('is bound to the same contexts as in the files that exist', () => {
    expect(vault.open(sealed.accountKey.seal({ apiId: 'a' }, new Secret('text')), 'account|a')).toBe('text')
    expect(
      vault.open(sealed.signingSecret.seal({ partnerId: 'p', id: 's' }, new Secret('text')), 'signing-secret|p|s'),
    ).toBe('text')
    expect(
      JSON.parse(vault.open(sealed.verdict.seal({ partnerId: 'p', idcardid: '1' }, VERDICT), 'verdict|p|1')),
    ).toEqual(VERDICT)
    expect(vault.open(sealed.message.seal({ partnerId: 'p', registrationId: 'r' }, 'text'), 'message|p|r')).toBe('text')
    const metadata = sealed.metadata.seal({ partnerId: 'p', id: 'r' }, { a: 'b' })
    expect(vault.open(metadata as Buffer, 'metadata|p|r')).toBe('{"a":"b"}')
    const contact = { url: 'https://partner.example/contact', secret: null, language: 'zh' } as const
    expect(JSON.parse(vault.open(sealed.contact.seal({ id: 'p' }, contact), 'contact|p'))).toEqual(contact)
    expect(vault.open(sealed.canary.seal(), 'canary')).toBe('idface-notifier')
  })
})

describe('the canary', () => {
  test('is known under the current and the previous master key, and under no other', () => {
    const canary = sealed.canary.seal()
    expect(sealed.canary.isOurs(canary)).toBe(true)
    expect(sealedUnder({ masterKey: NEW, previousKey: OLD }, randomBytes).canary.isOurs(canary)).toBe(true)
    expect(sealedUnder({ masterKey: NEW }, randomBytes).canary.isOurs(canary)).toBe(false)
    expect(sealed.canary.isOurs(vault.seal('another text', 'canary'))).toBe(false)
  })
})

describe('resealing', () => {
  test('goes through every column of the schema that is sealed', () => {
    const blobs = Object.values(schema).flatMap(table => {
      const { name, columns } = getTableConfig(table)
      return columns
        .filter(({ columnType }) => ['SQLiteBlobBuffer', 'SQLiteCustomColumn'].includes(columnType))
        .map(column => `${name}.${column.name}`)
    })
    const resealed = Object.values(SEALED).map(({ table, column }) => `${snakeCase(table)}.${snakeCase(column)}`)
    // The hash of a key or a token is no secret.
    const hashes = ['api_keys.hash', 'admin_tokens.hash']
    expect(resealed.toSorted()).toEqual(blobs.filter(blob => !hashes.includes(blob)).toSorted())
  })

  test('moves a value of each column to the current master key, bound to the same row', () => {
    const next = sealedUnder({ masterKey: NEW, previousKey: OLD }, randomBytes)
    const row = { apiId: 'a', partnerId: 'p', idcardid: '1' }
    const contexts = {
      accounts: 'account|a',
      signingSecrets: 'signing-secret|p|s',
      verifications: 'verdict|p|1',
      registrations: 'metadata|p|r',
      messageBodies: 'message|p|r',
      contacts: 'contact|r',
      meta: 'canary',
    }
    for (const column of Object.values<SealedColumn>(SEALED)) {
      const context = contexts[column.table as keyof typeof contexts]
      const ids = { id: column.table === 'signingSecrets' ? 's' : 'r', registrationId: 'r' }
      const moved = next.reseal(column, { ...row, ...ids }, vault.seal('text', context))
      expect(moved.subarray(0, next.keyId.length)).toEqual(next.keyId)
      expect(createVault(randomBytes, NEW).open(moved, context)).toBe('text')
    }
  })
})
