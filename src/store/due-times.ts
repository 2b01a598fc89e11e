/** How far a look through all that waits has come. */
export type MendPlace =
  | {
      queue: 'verifications'
      /** The last row that was looked at; null: none yet. */
      after: readonly [accountId: string, partnerId: string, queue: number, dueAt: number, id: number] | null
    }
  | { queue: 'messages'; after: readonly [laneId: number, dueAt: number, seq: number] | null }

export interface Mended {
  /** How many rows were put right. */
  mended: number
  /** Null: there is nothing behind these. */
  next: MendPlace | null
}

export const FIRST_MEND_PLACE: MendPlace = { queue: 'verifications', after: null }
export const FIRST_MESSAGE_PLACE: MendPlace = { queue: 'messages', after: null }
