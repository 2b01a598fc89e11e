/** Why a backup cannot be made, or cannot be used. `path` is the file or folder that it is about. */
export type BackupProblem =
  | { kind: 'postgres' }
  | { kind: 'is_folder'; path: string }
  | { kind: 'exists'; path: string }
  | { kind: 'no_folder'; path: string }
  | { kind: 'not_writable'; path: string; code: string }
  | { kind: 'no_room'; path: string }
  | { kind: 'no_database'; path: string }
  | { kind: 'no_backup'; path: string }
  | { kind: 'not_readable'; path: string; code: string }
  | { kind: 'no_key'; path: string }
  /** Fingerprints: of the key that the file was written with, and of the one that was given. */
  | { kind: 'wrong_key'; path: string; writtenWith: string; given: string }
  | { kind: 'newer_schema'; path: string }
  | { kind: 'not_ours'; path: string }
  | { kind: 'damaged'; path: string; found: string }
  | { kind: 'in_use'; path: string }

/** The command words it for people; the message is for a log. */
export class BackupError extends Error {
  readonly problem: BackupProblem

  constructor(problem: BackupProblem, options?: ErrorOptions) {
    super('path' in problem ? `${problem.kind}: ${problem.path}` : problem.kind, options)
    this.problem = problem
  }
}
