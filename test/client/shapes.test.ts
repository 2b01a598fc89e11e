import { expectTypeOf, test } from 'vitest'
import type * as client from '../../src/client/index.ts'
import type { ErrorCode } from '../../src/core/error.ts'
import type { viewExplanation } from '../../src/http/explain.ts'
import type { problemOf } from '../../src/http/problem.ts'
import type { viewAttempt, viewRegistration } from '../../src/http/registration-view.ts'

type Explanation = ReturnType<typeof viewExplanation>
type Problem = ReturnType<typeof problemOf>

// tsc checks these; a field that the service adds or drops shows up here.
test("the client's shapes are the service's", () => {
  expectTypeOf<ReturnType<typeof viewRegistration>>().toEqualTypeOf<client.Registration>()
  expectTypeOf<ReturnType<typeof viewAttempt>>().toEqualTypeOf<client.Attempt>()
  expectTypeOf<Explanation['delivery']>().toEqualTypeOf<client.Explanation['delivery']>()
  expectTypeOf<Explanation['polling']>().toEqualTypeOf<client.Explanation['polling']>()
  expectTypeOf<Explanation['account']>().toEqualTypeOf<client.Explanation['account']>()
  expectTypeOf<Explanation>().toEqualTypeOf<client.Explanation>()
  expectTypeOf<keyof Problem>().toEqualTypeOf<keyof client.Problem>()
  expectTypeOf<ErrorCode>().toExtend<client.NotifierErrorCode>()
})
