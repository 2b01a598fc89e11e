import type { Store, Unreadable } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'

const ADVICE: Readonly<Record<Unreadable['table'], string>> = {
  accounts:
    'nothing is asked of it: start with its IHUYI_API_KEY if it is the default one, or restore its row from a backup',
  signing_secrets:
    'have its partner rotate, or restore its row from a backup; until then other live secrets sign alone',
  verifications: 'restore its row from a backup; until then its result is shown as null',
  registrations: 'restore its row from a backup; until then its metadata is left out',
  messages: 'it is given up (exhausted): restore its row from a backup, and resend it',
}

/** Logs each value that cannot be decrypted. */
export const tellUnreadable = ({ hints }: Pick<Store, 'hints'>, emit: Emit<'value.unreadable'>): void => {
  hints.on('unreadable', ({ table, id }) => emit('value.unreadable', { table, id, advice: ADVICE[table] }))
}
