import type { Noun } from '../json/found.ts'

interface Subject {
  /** What the id in the path is of, as a 404 calls it. */
  noun: Noun
  example: string
  description?: string
}

/** By what stands before the id. */
const SUBJECTS: Readonly<Record<string, Subject>> = {
  '/v1/registrations/': { noun: 'registration', example: 'reg_01KAW2X5G0Q8T3M6V9Y1B4D7FH' },
  '/v1/resend/': { noun: 'resend', example: 'resend_01KAW2X5G0T1V2W3X4Y5Z6A7B8' },
  '/v1/signing-secrets/': { noun: 'signing secret', example: 'secret_01KAW2X5G0C1D2E3F4G5H6J7K8' },
  '/v1/admin/partners/': { noun: 'partner', example: 'partner_01KAW2X5G0A1B2C3D4E5F6G7H8' },
  '/v1/admin/keys/': { noun: 'key', example: 'key_01KAW2X5G0L1M2N3P4Q5R6S7T8' },
  '/v1/admin/bulk/': { noun: 'bulk act', example: 'bulk_01KAW2X5G0T1V2W3X4Y5Z6A7B8' },
  '/v1/admin/registrations/': { noun: 'registration', example: 'reg_01KAW2X5G0Q8T3M6V9Y1B4D7FH' },
  '/v1/admin/accounts/': {
    noun: 'account',
    example: 'C12345678',
    description: 'The id of the account, or its APIID.',
  },
}

/** What the `:id` of a path names; null: it has none. */
export const subjectOf = (path: string): Subject | null => SUBJECTS[path.split(':id', 1)[0] ?? ''] ?? null

export const pathParameters = (path: string) => {
  const subject = subjectOf(path)
  if (!subject) return []
  const { noun, example, description = `The id of the ${noun}.` } = subject
  return [{ name: 'id', in: 'path', required: true, description, schema: { type: 'string', examples: [example] } }]
}
