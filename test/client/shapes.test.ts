import { expectTypeOf, test } from 'vitest'
import type * as client from '../../src/client/index.ts'
import type { ErrorCode } from '../../src/core/error.ts'
import type * as service from '../../src/http/openapi/answers.ts'

// tsc checks these, both ways: a field that the service adds, drops or changes shows up here.
test("the client's shapes are the service's", () => {
  expectTypeOf<service.RegistrationAnswer>().toExtend<client.Registration>()
  expectTypeOf<client.Registration>().toExtend<service.RegistrationAnswer>()
  expectTypeOf<service.AttemptAnswer>().toExtend<client.Attempt>()
  expectTypeOf<client.Attempt>().toExtend<service.AttemptAnswer>()
  expectTypeOf<service.ExplanationAnswer>().toExtend<client.Explanation>()
  expectTypeOf<client.Explanation>().toExtend<service.ExplanationAnswer>()
  expectTypeOf<service.EventAnswer>().toExtend<client.StoredEvent>()
  expectTypeOf<client.StoredEvent>().toExtend<service.EventAnswer>()
  expectTypeOf<service.ResendAnswer>().toEqualTypeOf<client.BulkResend>()
  expectTypeOf<service.SigningSecretAnswer>().toEqualTypeOf<client.SigningSecret>()
  expectTypeOf<service.NewSigningSecretAnswer>().toEqualTypeOf<client.NewSigningSecret>()
  expectTypeOf<service.MeAnswer>().toEqualTypeOf<client.Me>()
  expectTypeOf<keyof service.ProblemAnswer>().toEqualTypeOf<keyof client.Problem>()
  expectTypeOf<ErrorCode>().toExtend<client.NotifierErrorCode>()
})
