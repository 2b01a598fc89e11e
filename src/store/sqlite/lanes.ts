import type Database from 'better-sqlite3'
import { earlier, hostOf, type LaneState, NEW_LANE } from '../rules/lane.ts'

/** The lanes that one run of a transaction works with: each is read once, changed in memory, and written once. */
export interface LaneBook {
  /** Null: the partner has no lane for this URL's host yet. */
  find(partnerId: string, callbackUrl: string): number | null
  add(partnerId: string, callbackUrl: string): number
  get(id: number): LaneState
  set(id: number, lane: LaneState): void
  /** Something in the lane is due at `dueAt`. */
  advance(id: number, dueAt: number): void
  /** Writes what has changed. */
  save(): void
}

interface LaneRow {
  dueAt: number | null
  strikes: number
  slow: 0 | 1
  proven: 0 | 1
}

export const createLanes = (client: Database.Database) => {
  const find = client
    .prepare<[partnerId: string, host: string], number>('SELECT id FROM lanes WHERE partner_id = ? AND host = ?')
    .pluck()
  const load = client.prepare<[id: number], LaneRow>(
    'SELECT due_at AS dueAt, strikes, slow, proven FROM lanes WHERE id = ?',
  )
  const add = client.prepare<[partnerId: string, host: string]>('INSERT INTO lanes (partner_id, host) VALUES (?, ?)')
  const save = client.prepare<[dueAt: number | null, strikes: number, slow: number, proven: number, id: number]>(
    'UPDATE lanes SET due_at = ?, strikes = ?, slow = ?, proven = ? WHERE id = ?',
  )

  return (): LaneBook => {
    const ids = new Map<string, number>()
    const lanes = new Map<number, LaneState>()
    const changed = new Set<number>()

    const get = (id: number): LaneState => {
      const known = lanes.get(id)
      if (known) return known
      const row = load.get(id)
      const lane = row ? { ...row, slow: row.slow === 1, proven: row.proven === 1 } : NEW_LANE
      lanes.set(id, lane)
      return lane
    }
    const set = (id: number, lane: LaneState) => {
      const { dueAt, strikes, slow, proven } = get(id)
      if (lane.dueAt === dueAt && lane.strikes === strikes && lane.slow === slow && lane.proven === proven) return
      lanes.set(id, lane)
      changed.add(id)
    }

    return {
      find: (partnerId, callbackUrl) => {
        const key = `${partnerId} ${callbackUrl}`
        const id = ids.get(key) ?? find.get(partnerId, hostOf(callbackUrl)) ?? null
        if (id !== null) ids.set(key, id)
        return id
      },
      add: (partnerId, callbackUrl) => Number(add.run(partnerId, hostOf(callbackUrl)).lastInsertRowid),
      get,
      set,
      advance: (id, dueAt) => {
        const lane = get(id)
        set(id, { ...lane, dueAt: earlier(lane.dueAt, dueAt) })
      },
      save: () => {
        for (const id of changed) {
          const { dueAt, strikes, slow, proven } = get(id)
          save.run(dueAt, strikes, slow ? 1 : 0, proven ? 1 : 0, id)
        }
        changed.clear()
      },
    }
  }
}
