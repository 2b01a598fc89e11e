import type Database from 'better-sqlite3'
import { createLaneChanges, hostOf, type LaneChanges, type LaneState, NEW_LANE } from '../lanes.ts'
import { onceForClient } from './context.ts'

export interface LaneUnitOfWork extends Omit<LaneChanges, 'take'> {
  /** Null: the partner has no lane for this URL's host yet. */
  find(partnerId: string, callbackUrl: string): number | null
  add(partnerId: string, callbackUrl: string): number
  /** Writes what has changed. */
  save(): void
}

interface LaneRow {
  dueAt: number | null
  strikes: number
  slow: 0 | 1
  proven: 0 | 1
}

export const createLanes = onceForClient((client: Database.Database) => {
  const find = client
    .prepare<[partnerId: string, host: string], number>('SELECT id FROM lanes WHERE partner_id = ? AND host = ?')
    .pluck()
  const load = client.prepare<[id: number], LaneRow>(
    'SELECT due_at AS dueAt, strikes, slow, proven FROM lanes WHERE id = ?',
  )
  const add = client.prepare<[partnerId: string, host: string]>('INSERT INTO lanes (partner_id, host) VALUES (?, ?)')
  const save = client.prepare<Omit<LaneRow, 'slow' | 'proven'> & { slow: number; proven: number; id: number }>(`
    UPDATE lanes SET due_at = @dueAt, strikes = @strikes, slow = @slow, proven = @proven WHERE id = @id`)

  const stateOf = (id: number): LaneState => {
    const row = load.get(id)
    return row ? { ...row, slow: row.slow === 1, proven: row.proven === 1 } : NEW_LANE
  }

  return (): LaneUnitOfWork => {
    const ids = new Map<string, number>()
    const { take, ...changes } = createLaneChanges(stateOf)

    return {
      ...changes,
      find: (partnerId, callbackUrl) => {
        const key = `${partnerId} ${callbackUrl}`
        const id = ids.get(key) ?? find.get(partnerId, hostOf(callbackUrl)) ?? null
        if (id !== null) ids.set(key, id)
        return id
      },
      add: (partnerId, callbackUrl) => Number(add.run(partnerId, hostOf(callbackUrl)).lastInsertRowid),
      save: () => {
        for (const lane of take()) save.run({ ...lane, slow: lane.slow ? 1 : 0, proven: lane.proven ? 1 : 0 })
      },
    }
  }
})
