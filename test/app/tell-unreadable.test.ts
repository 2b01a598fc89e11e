import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { tellUnreadable } from '../../src/app/tell-unreadable.ts'
import type { StoreHints } from '../../src/store/store.ts'

test('names the row of a value that cannot be decrypted, and what to do', () => {
  const hints = new EventEmitter<StoreHints>()
  const told: unknown[][] = []
  tellUnreadable({ hints }, (...event) => told.push(event))
  hints.emit('unreadable', { table: 'messages', id: 'reg_1' })
  expect(told).toEqual([
    ['value.unreadable', { table: 'messages', id: 'reg_1', advice: expect.stringContaining('resend it') }],
  ])
})
