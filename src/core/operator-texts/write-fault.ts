const FAULTS = [
  ['disk_full', /^SQLITE_FULL/],
  ['read_only', /^SQLITE_(READONLY|CANTOPEN)/],
  ['locked', /^(SQLITE_(BUSY|LOCKED)|40\w{3}$|55P03$|57014$)/],
  ['server_full', /^53100$/],
  ['connections', /^(53300|EXHAUSTED)$/],
  ['standby', /^25006$/],
  ['login', /^(28\w{3}|3D000)$/],
  ['rights', /^42\w{3}$/],
  ['unreachable', /^(08\w{3}|57P\w\d|E[A-Z_]+|LOST|TIMEOUT)$/],
] as const

/** Why nothing can be written, as far as it changes what to do. */
export type WriteFault = (typeof FAULTS)[number][0] | 'other'

/** @param error as the database calls it, such as `SQLITE_FULL` or `53100` */
export const writeFaultOf = (error: string): WriteFault =>
  FAULTS.find(([, errors]) => errors.test(error))?.[0] ?? 'other'
