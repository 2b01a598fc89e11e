/** What a database knows of its own backups. */
export interface LastBackup {
  /** The newest one that is good: of which moment it is (epoch ms), where it was put, and how large it is. */
  good: { at: number; path: string; bytes: number } | null
  /** The newest one that has failed since then. */
  failed: { at: number; reason: string } | null
}

/** How a backup has ended. `reason`: a word, such as `no_room`. */
export type BackupRecord =
  | { outcome: 'good'; at: number; path: string; bytes: number }
  | { outcome: 'failed'; at: number; reason: string }

export const NO_BACKUP: LastBackup = { good: null, failed: null }

/** A good one ends the failure before it; a failed one leaves the good one what it is. */
export const afterBackup = ({ good }: LastBackup, record: BackupRecord): LastBackup => {
  if (record.outcome === 'failed') return { good, failed: { at: record.at, reason: record.reason } }
  return { good: { at: record.at, path: record.path, bytes: record.bytes }, failed: null }
}
