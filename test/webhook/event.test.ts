import { expectTypeOf, test } from 'vitest'
import type { z } from 'zod'
import type { WEBHOOKS } from '../../src/http/openapi/webhooks.ts'
import type {
  CallbackDisabledEvent,
  FailedEvent,
  SucceededEvent,
  TestEvent,
  UnresolvedEvent,
  WebhookEvent,
} from '../../src/webhook/index.ts'

/** Without `readonly` and intersections, which do not matter here. */
type Plain<T> = T extends object ? { -readonly [Name in keyof T]: Plain<T[Name]> } : T
type Sent<Name extends keyof typeof WEBHOOKS> = Plain<z.output<(typeof WEBHOOKS)[Name]>>
/** What is sent as the body; the id is a header. */
type Received<Event> = Plain<Omit<Event, 'id'>>

// tsc checks these: a field that the service adds, drops or changes shows up here.
test("the receiver's events are what the service sends", () => {
  expectTypeOf<Sent<'SucceededWebhook'>>().toEqualTypeOf<Received<SucceededEvent>>()
  expectTypeOf<Sent<'FailedWebhook'>>().toEqualTypeOf<Received<FailedEvent>>()
  expectTypeOf<Sent<'UnresolvedWebhook'>>().toEqualTypeOf<Received<UnresolvedEvent>>()
  expectTypeOf<Sent<'TestWebhook'>>().toEqualTypeOf<Received<TestEvent>>()
  expectTypeOf<Sent<'CallbackDisabledWebhook'>>().toEqualTypeOf<Received<CallbackDisabledEvent>>()
  expectTypeOf<Sent<keyof typeof WEBHOOKS>['type']>().toEqualTypeOf<WebhookEvent['type']>()
})
