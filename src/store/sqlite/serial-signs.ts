import { afterSeen, NO_ENUMERATION, type SeenSerials, type SlowedPartner } from '../../core/enumeration.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { eq } from './drizzle.ts'
import { serialSigns } from './schema.ts'

export const createSerialSigns = ({ db, write, now }: Context): Pick<Store, 'noteSerials'> => {
  const note = (seen: SeenSerials): SlowedPartner => {
    const { partnerId } = seen
    const row = db.select().from(serialSigns).where(eq(serialSigns.partnerId, partnerId)).get()
    const { state, slowed } = afterSeen(row ?? NO_ENUMERATION, seen, now())
    const after = { ...state, partnerId }
    db.insert(serialSigns).values(after).onConflictDoUpdate({ target: serialSigns.partnerId, set: after }).run()
    return slowed
  }
  return { noteSerials: seen => write(() => seen.map(note)) }
}
