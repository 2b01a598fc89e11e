const FAULTS = [
  ['disk_full', /^(SQLITE_FULL|SQLITE_IOERR_SHMSIZE|ENOSPC|EDQUOT)/],
  ['not_ours', /^(SQLITE_CANTOPEN|EACCES|EPERM)/],
  ['read_only', /^(SQLITE_READONLY|EROFS)/],
  ['file_locked', /^SQLITE_(BUSY|LOCKED)/],
  ['locked', /^(40\w{3}$|55P03$|57014$)/],
  ['server_full', /^53100$/],
  ['connections', /^(53\w{3}|EXHAUSTED)$/],
  ['standby', /^25006$/],
  ['password', /^28P01$/],
  ['login', /^28\w{3}$/],
  ['tls', /^(NO_TLS|CERT_|ERR_TLS_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_)/],
  ['no_database', /^3D000$/],
  ['rights', /^42\w{3}$/],
  ['absent', /^(ECONNREFUSED|ENOENT)$/],
  ['no_host', /^(ENOTFOUND|EAI_AGAIN)$/],
  ['unreachable', /^(08\w{3}|57P\w\d|E(CONN\w+|TIMEDOUT|HOST\w+|NET\w+|PIPE)|LOST|TIMEOUT)$/],
] as const

/** Why the database cannot be used, as far as the remedy depends on it. */
export type DatabaseFault = (typeof FAULTS)[number][0] | 'other'

/** @param error code of the database or the system, such as `SQLITE_FULL`, `53100` or `EACCES` */
export const databaseFaultOf = (error: string): DatabaseFault =>
  FAULTS.find(([, errors]) => errors.test(error))?.[0] ?? 'other'

/** The same, of a database that has been served: it is not missing. */
export const faultOfServed = (error: string): DatabaseFault => {
  const fault = databaseFaultOf(error)
  return fault === 'absent' ? 'unreachable' : fault
}

/** In a remedy: the path of the file, where it is known. */
export const DATABASE_FILE = 'DATABASE_FILE'
