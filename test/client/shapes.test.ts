import { expectTypeOf, test } from 'vitest'
import type * as client from '../../src/client/index.ts'
import type { ErrorCode } from '../../src/core/error.ts'
import type { ProblemAnswer } from '../../src/http/json/problem.ts'
import type { ConsoleLinkAnswer } from '../../src/http/partner/console-links.ts'
import type { ContactAnswer } from '../../src/http/partner/contact.ts'
import type { EventAnswer } from '../../src/http/partner/events.ts'
import type { ExplanationAnswer } from '../../src/http/partner/explain.ts'
import type { HistoryAnswer, HostHistoryAnswer } from '../../src/http/partner/history.ts'
import type { KeyAnswer, NewKeyAnswer } from '../../src/http/partner/keys.ts'
import type { LookupAnswer } from '../../src/http/partner/lookup.ts'
import type { MeAnswer } from '../../src/http/partner/me.ts'
import type {
  AttemptAnswer,
  REGISTRATION_BODY,
  RegistrationAnswer,
} from '../../src/http/partner/registration-schemas.ts'
import type { ResendAnswer } from '../../src/http/partner/resends.ts'
import type { NewSigningSecretAnswer, SigningSecretAnswer } from '../../src/http/partner/signing-secrets.ts'
import type { StatusAnswer } from '../../src/http/partner/status.ts'

// tsc checks these, both ways: a field that the service adds, drops or changes shows up here.
test("the client's shapes are the service's", () => {
  expectTypeOf<RegistrationAnswer>().toExtend<client.Registration>()
  expectTypeOf<client.Registration>().toExtend<RegistrationAnswer>()
  expectTypeOf<keyof client.NewRegistration>().toEqualTypeOf<keyof typeof REGISTRATION_BODY.shape>()
  expectTypeOf<LookupAnswer['data'][number]>().toExtend<client.LookedUp>()
  expectTypeOf<AttemptAnswer>().toExtend<client.Attempt>()
  expectTypeOf<client.Attempt>().toExtend<AttemptAnswer>()
  expectTypeOf<ExplanationAnswer>().toExtend<client.Explanation>()
  expectTypeOf<client.Explanation>().toExtend<ExplanationAnswer>()
  expectTypeOf<EventAnswer>().toExtend<client.StoredEvent>()
  expectTypeOf<client.StoredEvent>().toExtend<EventAnswer>()
  expectTypeOf<ResendAnswer>().toEqualTypeOf<client.BulkResend>()
  expectTypeOf<KeyAnswer>().toEqualTypeOf<client.ApiKey>()
  expectTypeOf<NewKeyAnswer>().toEqualTypeOf<client.NewApiKey>()
  expectTypeOf<SigningSecretAnswer>().toEqualTypeOf<client.SigningSecret>()
  expectTypeOf<NewSigningSecretAnswer>().toEqualTypeOf<client.NewSigningSecret>()
  expectTypeOf<ContactAnswer>().toEqualTypeOf<client.Contact>()
  expectTypeOf<ConsoleLinkAnswer>().toEqualTypeOf<client.ConsoleLink>()
  expectTypeOf<MeAnswer>().toEqualTypeOf<client.Me>()
  expectTypeOf<HistoryAnswer>().toExtend<client.History>()
  expectTypeOf<client.History>().toExtend<HistoryAnswer>()
  expectTypeOf<HostHistoryAnswer>().toExtend<client.HostHistory>()
  expectTypeOf<client.HostHistory>().toExtend<HostHistoryAnswer>()
  expectTypeOf<StatusAnswer>().toEqualTypeOf<client.Status>()
  expectTypeOf<keyof ProblemAnswer>().toEqualTypeOf<keyof client.Problem>()
  expectTypeOf<ErrorCode>().toExtend<client.NotifierErrorCode>()
})
