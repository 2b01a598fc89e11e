import type { NameResolver } from '../../src/callback/resolve.ts'
import { type Outgoing, openSender as openRealSender, type Sender } from '../../src/callback/sender.ts'
import { clockWith } from './clock.ts'
import { networksOf } from './networks.ts'

/** A sender that may call this machine, and closes itself. */
export const openSender = ({
  allow = ['127.0.0.0/8'],
  timeoutMs = 5_000,
  proxy = null,
  now,
  resolver,
}: {
  allow?: string[]
  timeoutMs?: number
  proxy?: string | null
  now?: () => number
  resolver?: NameResolver
} = {}): Sender & AsyncDisposable => {
  const sender = openRealSender({
    timeoutMs,
    policy: { allowHttp: true, allowed: networksOf(...allow) },
    proxy,
    userAgent: 'idface-notifier/test',
    clock: clockWith(now),
    ...(resolver ? { resolver } : {}),
  })
  return { ...sender, [Symbol.asyncDispose]: async () => sender.close() }
}

export const attemptTo = (url: string, more: Partial<Outgoing> = {}): Outgoing => ({
  partnerId: 'ptn_1',
  url,
  headers: { 'content-type': 'application/json', 'webhook-id': 'msg_1', 'webhook-attempt': '1' },
  body: '{"message":"认证成功"}',
  ...more,
})
