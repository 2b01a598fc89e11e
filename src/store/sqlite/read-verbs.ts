/** The verbs whose work grows with what there is: where there is a thread for reads, it does them (decisions/010). */
export const READ_VERBS = [
  'listRegistrations',
  'lookUpRegistrations',
  'listAttempts',
  'listEvents',
  'listActs',
  'searchRegistrations',
  'countRegistrations',
  'countExhausted',
  'groupFailures',
  'explain',
  'usageOf',
  'statusOf',
  'listCallbacks',
  'stats',
] as const
export type ReadVerb = (typeof READ_VERBS)[number]
