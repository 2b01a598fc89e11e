import { expectTypeOf, test } from 'vitest'
import type { z } from 'zod'
import type { WEBHOOKS } from '../../src/http/openapi/webhooks.ts'
import type { FailedEvent, SucceededEvent, TestEvent, UnresolvedEvent, WebhookEvent } from '../../src/webhook/index.ts'

/** Without `readonly` and intersections, which do not matter here. */
type Plain<T> = T extends object ? { -readonly [Name in keyof T]: Plain<T[Name]> } : T
type Sent<Type extends keyof typeof WEBHOOKS> = Plain<z.output<(typeof WEBHOOKS)[Type]>>
/** The sent body; the id is a header. */
type Received<Event> = Plain<Omit<Event, 'id'>>

// tsc checks these: a field that the service adds, drops or changes shows up here.
test("the receiver's events are what the service sends", () => {
  expectTypeOf<Sent<'idface.succeeded'>>().toEqualTypeOf<Received<SucceededEvent>>()
  expectTypeOf<Sent<'idface.failed'>>().toEqualTypeOf<Received<FailedEvent>>()
  expectTypeOf<Sent<'idface.unresolved'>>().toEqualTypeOf<Received<UnresolvedEvent>>()
  expectTypeOf<Sent<'idface.test'>>().toEqualTypeOf<Received<TestEvent>>()
  expectTypeOf<Sent<keyof typeof WEBHOOKS>['type']>().toEqualTypeOf<WebhookEvent['type']>()
})
