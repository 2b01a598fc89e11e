import type Database from 'better-sqlite3'
import { earlier, hostOf, type LaneState, NEW_LANE, rampedInLane } from '../rules/lane.ts'

/** The lanes that one run of a transaction works with: each is read once, changed in memory, and written once. */
export interface LaneBook {
  /** Null: the partner has no lane for this URL's host yet. */
  find(partnerId: string, callbackUrl: string): number | null
  add(partnerId: string, callbackUrl: string): number
  get(id: number): LaneState
  set(id: number, lane: LaneState): void
  /** Something in the lane is due at `dueAt`. */
  advance(id: number, dueAt: number): void
  /** Gives a message of the lane the next place on its ramp, from `at` on; when it is due there. */
  ramp(id: number, seq: number, at: number): number
  /** Writes what has changed. */
  save(): void
}

interface LaneRow {
  dueAt: number | null
  strikes: number
  slow: 0 | 1
  proven: 0 | 1
  rampAt: number | null
  ramped: number
}

export const createLanes = (client: Database.Database) => {
  const find = client
    .prepare<[partnerId: string, host: string], number>('SELECT id FROM lanes WHERE partner_id = ? AND host = ?')
    .pluck()
  const load = client.prepare<[id: number], LaneRow>(
    'SELECT due_at AS dueAt, strikes, slow, proven, ramp_at AS rampAt, ramped FROM lanes WHERE id = ?',
  )
  const add = client.prepare<[partnerId: string, host: string]>('INSERT INTO lanes (partner_id, host) VALUES (?, ?)')
  const save = client.prepare<Omit<LaneRow, 'slow' | 'proven'> & { slow: number; proven: number; id: number }>(`
    UPDATE lanes SET due_at = @dueAt, strikes = @strikes, slow = @slow, proven = @proven, ramp_at = @rampAt, ramped = @ramped
    WHERE id = @id`)

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
      if (isSame(lane, get(id))) return
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
      ramp: (id, seq, at) => {
        const { lane, dueAt } = rampedInLane(get(id), seq, at)
        set(id, lane)
        return dueAt
      },
      save: () => {
        for (const id of changed) {
          const lane = get(id)
          save.run({ ...lane, slow: lane.slow ? 1 : 0, proven: lane.proven ? 1 : 0, id })
        }
        changed.clear()
      },
    }
  }
}

const isSame = (a: LaneState, b: LaneState): boolean =>
  a.dueAt === b.dueAt &&
  a.strikes === b.strikes &&
  a.slow === b.slow &&
  a.proven === b.proven &&
  a.rampAt === b.rampAt &&
  a.ramped === b.ramped
