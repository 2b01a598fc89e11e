import type { Edit } from '../core/changes.ts'
import type { Operator } from './middleware/authenticate-operator.ts'

/** What a request of the API carries from its middleware to its handlers. */
export interface ApiEnv {
  Variables: {
    requestId: string
    partnerId: string
    traceparent: string
    /** In the admin API: who calls, and why. */
    operator: Operator
    reason: string | null
    /**
     * In the admin API: called before something is changed, with the id of what it is done to, and what it is. Puts it into the audit;
     * throws where that cannot be, and then nothing may be changed.
     */
    begin: (object: string, edit?: Edit) => Promise<void>
  }
}
